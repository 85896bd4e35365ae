// Keeps entries in memory.
const http = require("http")

const entries = []
http.createServer(async (request, response) => {
  let text = ""
  for await (const piece of request) text += piece
  if (request.method === "POST") entries.push(text)
  response.end(JSON.stringify(entries))
}).listen(6000)
