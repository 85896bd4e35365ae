const { ask, serve } = require("./shop")

const db = "http://db:27017"

serve(3000, async (request, body, user) => {
  const [, , , id] = request.url.split("/")
  if (request.method === "POST") {
    const ticket = { id: body.title.toLowerCase(), title: body.title, price: body.price, seller: user }
    return [201, (await ask("PUT", `${db}/tickets/${ticket.id}`, ticket)).body]
  }
  const found = await ask("GET", id ? `${db}/tickets/${id}` : `${db}/tickets`)
  return [found.status, found.body]
})
