// What may go through a port: a WebSocket on 3000, HTTP/2 without TLS on 3001, bytes as they come on 3002.
const crypto = require("crypto"), http = require("http"), http2 = require("http2"), net = require("net")

// RFC 6455. It says three things by itself, and then what it hears.
http.createServer((request, response) => response.end("http")).on("upgrade", (request, socket, head) => {
  const key = request.headers["sec-websocket-key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
  const accept = crypto.createHash("sha1").update(key).digest("base64")
  socket.write("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    + `Sec-WebSocket-Accept: ${accept}\r\n\r\n`)
  const say = (opcode, payload) => {
    const n = payload.length
    const length = n < 126 ? [n] : n < 65536 ? [126, n >> 8, n & 255] : [127, 0, 0, 0, 0, n >>> 24, n >> 16 & 255, n >> 8 & 255, n & 255]
    socket.write(Buffer.concat([Buffer.from([0x80 | opcode, ...length]), payload]))
  }
  for (const word of ["one", "two", "three"]) say(1, Buffer.from(word))
  let heard = head
  socket.on("error", () => {}).on("data", piece => {
    heard = Buffer.concat([heard, piece])
    for (;;) {
      if (heard.length < 2) return
      let length = heard[1] & 127, start = 2
      if (length === 126) [length, start] = [heard.length < 4 ? Infinity : heard.readUInt16BE(2), 4]
      if (length === 127) [length, start] = [heard.length < 10 ? Infinity : Number(heard.readBigUInt64BE(2)), 10]
      if (heard.length < start + 4 + length) return
      const mask = heard.subarray(start, start + 4), payload = Buffer.from(heard.subarray(start + 4, start + 4 + length))
      for (let i = 0; i < length; i++) payload[i] ^= mask[i & 3]
      const opcode = heard[0] & 15
      heard = heard.subarray(start + 4 + length)
      say(opcode === 9 ? 10 : opcode, payload)
      if (opcode === 8) return socket.end()
    }
  })
}).listen(3000)

// As gRPC has it: both sides stream, and how it went stands in the trailers.
http2.createServer().on("stream", (stream, headers) => {
  let count = 0
  stream.respond({ ":status": 200, "content-type": "application/grpc" }, { waitForTrailers: true })
  stream.on("wantTrailers", () => stream.sendTrailers({ "grpc-status": "0", "path": headers[":path"], "count": `${count}` }))
  stream.on("error", () => {}).on("end", () => stream.end()).on("data", piece => {
    count += piece.length
    stream.write(piece)
  })
}).listen(3001)

// The first line of a connection says what is to happen to the rest.
const open = new Set(), sums = new Map()
net.createServer({ allowHalfOpen: true }, socket => {
  let line = Buffer.alloc(0)
  socket.on("error", () => {}).on("close", () => open.delete(socket))
  socket.on("data", function begin(piece) {
    line = Buffer.concat([line, piece])
    const end = line.indexOf(10)
    if (end < 0) return
    socket.off("data", begin)
    socket.pause()
    const [word, name, length] = line.subarray(0, end).toString().split(" "), rest = line.subarray(end + 1)
    if (rest.length) socket.unshift(rest)
    if (word === "echo") {
      open.add(socket)
      return void socket.pipe(socket)
    }
    if (word === "open") return void socket.end(`${open.size}`)
    if (word === "sum") return void socket.end(sums.get(name) || "none")
    const sum = crypto.createHash("sha1")
    let count = 0
    if (word === "last") socket.end("bye")
    const done = () => {
      if (sums.has(name)) return
      sums.set(name, sum.digest("hex"))
      if (word === "take") socket.end(sums.get(name))
    }
    socket.on("end", done).on("data", piece => {
      count += piece.length
      sum.update(piece)
      if (count === Number(length)) done()
    })
    socket.resume()
  })
}).listen(3002)
