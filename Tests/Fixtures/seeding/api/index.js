const http = require("http")

// On a connection of its own: who was asked before may be gone.
const ask = (method, body) => new Promise((done, failed) => {
  const request = http.request("http://database:5432/rows", { method, agent: false }, async answer => {
    let text = ""
    for await (const piece of answer) text += piece
    try { done(JSON.parse(text)) } catch (error) { failed(error) }
  })
  request.on("error", failed)
  request.end(body)
})

http.createServer(async (request, response) => {
  try {
    response.end(JSON.stringify(await ask("GET")))
  } catch (error) {
    response.writeHead(503)
    response.end(`${error}\n`)
  }
}).listen(3000)
