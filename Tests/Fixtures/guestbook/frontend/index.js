// GET / shows the entries, POST / adds one.
const http = require("http"), os = require("os")

http.createServer(async (request, response) => {
  let text = ""
  for await (const piece of request) text += piece
  try {
    if (request.method === "POST") await fetch("http://store/entries", { method: "POST", body: text })
    const entries = await (await fetch("http://store/entries")).json()
    response.setHeader("Connection", "close")
    response.end(JSON.stringify({ title: process.env.TITLE, entries, host: os.hostname() }) + "\n")
  } catch (error) {
    response.writeHead(503)
    response.end(`${error}\n`)
  }
}).listen(3000)
