// Fills a database that is empty.
async function main() {
  const rows = await (await fetch("http://database:5432/rows")).json()
  if (rows.length) return console.log("there are rows already")
  for (const row of ["one", "two", "three"]) await fetch("http://database:5432/rows", { method: "POST", body: row })
  console.log("seeded")
}
main().catch(error => { console.error(String(error.cause || error)); process.exit(1) })
