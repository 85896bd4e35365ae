// Renders the page on the server, which asks the API as a browser would: through the Ingress.
const http = require("http")

const options = { host: "ingress-nginx-controller.ingress-nginx.svc.cluster.local", port: 80 }

const ask = (path, headers) => new Promise((done, failed) => {
  http.get({ ...options, path, headers, agent: false }, async answer => {
    let text = ""
    for await (const piece of answer) text += piece
    try { done(JSON.parse(text)) } catch { failed(new Error(text)) }
  }).on("error", failed)
})

http.createServer(async (request, response) => {
  const headers = { host: request.headers.host, cookie: request.headers.cookie || "" }
  try {
    const { user } = await ask("/api/users/current", headers)
    const tickets = await ask("/api/tickets", headers)
    const items = tickets.map(({ title, price }) => `<li>${title}: ${price}</li>`).join("")
    response.writeHead(200, { "Content-Type": "text/html" })
    response.end(`<h1>Tickets</h1><p>${user ? "Signed in as " + user : "Not signed in"}</p><ul>${items}</ul>\n`)
  } catch (error) {
    response.writeHead(500)
    response.end(`${error}\n`)
  }
}).listen(3000)
