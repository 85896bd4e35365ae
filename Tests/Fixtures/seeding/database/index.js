// Keeps rows in a file: POST /rows adds one, GET /rows has them all.
const http = require("http"), fs = require("fs")

const file = "/data/rows.json"
const rows = () => { try { return JSON.parse(fs.readFileSync(file)) } catch { return [] } }

// It takes a while to be up to it, as databases do.
setTimeout(() => http.createServer(async (request, response) => {
  let text = ""
  for await (const piece of request) text += piece
  if (request.method === "POST") fs.writeFileSync(file, JSON.stringify([...rows(), text]))
  response.end(JSON.stringify(rows()))
}).listen(5432), 1500)
