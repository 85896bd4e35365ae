// What the services of the shop have in common.
const http = require("http")

// Asks another service, on a connection of its own: who was asked before may be gone. Its answer, as JSON.
exports.ask = (method, url, body, headers = {}) => new Promise((done, failed) => {
  const request = http.request(url, { method, headers, agent: false }, async answer => {
    let text = ""
    for await (const piece of answer) text += piece
    try { done({ status: answer.statusCode, body: JSON.parse(text) }) } catch (error) { failed(error) }
  })
  request.on("error", failed)
  request.end(body && JSON.stringify(body))
})

// Serves requests of who is signed in. `handle` returns a status and a body.
exports.serve = (port, handle) => http.createServer(async (request, response) => {
  let text = ""
  for await (const piece of request) text += piece
  let status = 500, body
  try {
    const cookie = request.headers.cookie || ""
    const { user } = (await exports.ask("GET", "http://auth:3000/api/users/current", null, { cookie })).body
    const isRead = request.method === "GET"
    ;[status, body] = user || isRead
      ? await handle(request, text ? JSON.parse(text) : {}, user) : [401, { error: "not signed in" }]
  } catch (error) {
    body = { error: String(error) }
  }
  response.writeHead(status, { "Content-Type": "application/json" })
  response.end(JSON.stringify(body))
}).listen(port)
