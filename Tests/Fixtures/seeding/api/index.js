const http = require("http")

http.createServer(async (request, response) => {
  try {
    response.end(await (await fetch("http://database:5432/rows")).text())
  } catch (error) {
    response.writeHead(503)
    response.end(`${error}\n`)
  }
}).listen(3000)
