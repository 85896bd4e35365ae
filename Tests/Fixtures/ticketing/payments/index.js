const { ask, serve } = require("./shop")

if (!process.env.STRIPE_KEY) throw new Error("STRIPE_KEY is missing")

serve(3000, async (request, body) => {
  const url = `http://orders:3000/api/orders/${body.order}`
  const order = await ask("GET", url)
  if (order.status !== 200) return [404, { error: "no such order" }]
  const cookie = request.headers.cookie || ""
  const paid = { ...order.body, status: "paid", charge: `${process.env.STRIPE_KEY}:${order.body.ticket.price}` }
  return [201, (await ask("PUT", url, paid, { cookie })).body]
})
