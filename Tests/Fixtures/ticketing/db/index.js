// A store of JSON documents: PUT and GET /KIND/ID, GET /KIND.
const http = require("http"), fs = require("fs")

const file = "/data/documents.json"
let documents = {}
try { documents = JSON.parse(fs.readFileSync(file)) } catch {}

http.createServer(async (request, response) => {
  const [kind, id] = request.url.slice(1).split("/")
  let text = ""
  for await (const piece of request) text += piece
  documents[kind] ||= {}
  if (request.method === "PUT") {
    documents[kind][id] = JSON.parse(text)
    fs.writeFileSync(file, JSON.stringify(documents))
  }
  const found = id === undefined ? Object.values(documents[kind]) : documents[kind][id]
  response.writeHead(found ? 200 : 404, { "Content-Type": "application/json" })
  response.end(JSON.stringify(found || null))
}).listen(27017)
