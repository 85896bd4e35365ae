// Fills a database that is empty.
// On a connection of its own: who was asked before may be gone.
const ask = async (method, body) =>
  (await fetch("http://database:5432/rows", { method, body, headers: { connection: "close" } })).json()

async function main() {
  const rows = await ask("GET")
  if (rows.length) return console.log("there are rows already")
  for (const row of ["one", "two", "three"]) await ask("POST", row)
  console.log("seeded")
}
main().catch(error => { console.error(String(error.cause || error)); process.exit(1) })
