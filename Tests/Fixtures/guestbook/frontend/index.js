// GET / shows the entries, POST / adds one.
const http = require("http"), os = require("os")

// On a connection of its own: who was asked before may be gone.
const ask = async (method, body) =>
  (await fetch("http://store/entries", { method, body, headers: { connection: "close" } })).json()

http.createServer(async (request, response) => {
  let text = ""
  for await (const piece of request) text += piece
  try {
    if (request.method === "POST") await ask("POST", text)
    const entries = await ask("GET")
    response.setHeader("Connection", "close")
    response.end(JSON.stringify({ title: process.env.TITLE, entries, host: os.hostname() }) + "\n")
  } catch (error) {
    response.writeHead(503)
    response.end(`${error}\n`)
  }
}).listen(3000)
