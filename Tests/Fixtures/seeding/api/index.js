const http = require("http")

// On a connection of its own: who was asked before may be gone.
const ask = async (method, body) =>
  (await fetch("http://database:5432/rows", { method, body, headers: { connection: "close" } })).json()

http.createServer(async (request, response) => {
  try {
    response.end(JSON.stringify(await ask("GET")))
  } catch (error) {
    response.writeHead(503)
    response.end(`${error}\n`)
  }
}).listen(3000)
