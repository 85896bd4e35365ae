const { ask, serve } = require("./shop")

const db = "http://db:27017"

serve(3000, async (request, body, user) => {
  const [, , , id] = request.url.split("/")
  if (request.method === "POST") {
    const ticket = await ask("GET", `http://tickets:3000/api/tickets/${body.ticket}`)
    if (ticket.status !== 200) return [404, { error: "no such ticket" }]
    const order = { id: `${body.ticket}-1`, ticket: ticket.body, buyer: user, status: "created" }
    return [201, (await ask("PUT", `${db}/orders/${order.id}`, order)).body]
  }
  if (request.method === "PUT") return [200, (await ask("PUT", `${db}/orders/${id}`, body)).body]
  const found = await ask("GET", `${db}/orders/${id}`)
  return [found.status, found.body]
})
