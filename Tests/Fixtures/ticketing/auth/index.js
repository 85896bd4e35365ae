// Who is signed in: a cookie with an address, signed with JWT_KEY.
const http = require("http"), crypto = require("crypto")

const key = process.env.JWT_KEY
if (!key) throw new Error("JWT_KEY is missing")
const sign = text => crypto.createHmac("sha256", key).update(text).digest("hex")

function user(request) {
  const [, email, sum] = /session=([^;.]+)~(\w+)/.exec(request.headers.cookie || "") || []
  return email && sign(email) === sum ? decodeURIComponent(email) : null
}

http.createServer(async (request, response) => {
  const send = (status, body, headers = {}) => {
    response.writeHead(status, { "Content-Type": "application/json", ...headers })
    response.end(JSON.stringify(body))
  }
  if (request.method === "POST" && request.url === "/api/users/signup") {
    let text = ""
    for await (const piece of request) text += piece
    const email = encodeURIComponent(JSON.parse(text).email).replaceAll(".", "%2E")
    send(201, { email: decodeURIComponent(email) }, { "Set-Cookie": `session=${email}~${sign(email)}; Path=/` })
  } else if (request.url === "/api/users/current") {
    send(200, { user: user(request) })
  } else {
    send(404, { error: request.url })
  }
}).listen(3000)
