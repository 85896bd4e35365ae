// What the services of the shop have in common.
const http = require("http")

// Asks another service, on a connection of its own: who was asked before may be gone. Its answer, as JSON.
exports.ask = async (method, url, body, headers = {}) => {
  const answer = await fetch(url, {
    method, body: body && JSON.stringify(body), headers: { ...headers, connection: "close" },
  })
  return { status: answer.status, body: await answer.json() }
}

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
