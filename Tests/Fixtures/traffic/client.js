// Sends what may go through a port, and prints a line for each thing that came back as it should: "ok NAME", or "no NAME: …".
// usage: node client.js HTTP HTTP2 BYTES MEBIBYTES ENDS; where ENDS is 1, one side waits for the end of what the other says.
const crypto = require("crypto"), http2 = require("http2"), net = require("net")
const [http, h2, bytes, mebibytes, ends] = process.argv.slice(2).map(Number)

const connect = (port, options = {}) => new Promise((resolve, reject) => {
  const socket = net.connect({ port, host: "127.0.0.1", allowHalfOpen: true, ...options }, () => resolve(socket))
  socket.once("error", reject)
})
const ended = socket => new Promise((resolve, reject) => socket.on("end", resolve).on("error", reject))
const all = async socket => {
  let text = ""
  for await (const piece of socket) text += piece
  return text
}
const ask = async line => {
  const socket = await connect(bytes)
  socket.end(line + "\n")
  return all(socket)
}
const sha1 = data => crypto.createHash("sha1").update(data).digest("hex")
const same = (found, wanted) => {
  if (found !== wanted) throw new Error(`${found} instead of ${wanted}`)
}
// Asks until the answer is the wanted one.
const becomes = async (question, wanted) => {
  const end = Date.now() + 20000
  let answer
  do answer = await question()
  while (answer !== wanted && Date.now() < end)
  same(answer, wanted)
}
// Hands over pieces of so many bytes each.
const exactly = socket => {
  let heard = Buffer.alloc(0), wanted = null
  const look = () => {
    if (!wanted || heard.length < wanted.count) return
    const { count, resolve } = wanted
    wanted = null
    const piece = heard.subarray(0, count)
    heard = heard.subarray(count)
    resolve(piece)
  }
  socket.on("data", piece => { heard = Buffer.concat([heard, piece]); look() })
  const failed = new Promise((_, reject) => socket.on("error", reject).on("end", () => reject(new Error("its end"))))
  failed.catch(() => {})
  return count => Promise.race([failed, new Promise(resolve => { wanted = { count, resolve }; look() })])
}

const things = {
  async websocket() {
    const socket = await connect(http), read = exactly(socket)
    const key = crypto.randomBytes(16).toString("base64")
    socket.write(`GET /chat HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n`
      + `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`)
    let head = ""
    while (!head.endsWith("\r\n\r\n")) head += await read(1)
    const accept = crypto.createHash("sha1").update(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest("base64")
    if (!head.startsWith("HTTP/1.1 101 ") || !head.includes(accept)) throw new Error(head)
    const hear = async () => {
      const [first, second] = await read(2)
      let length = second
      if (second === 126) length = (await read(2)).readUInt16BE()
      if (second === 127) length = Number((await read(8)).readBigUInt64BE())
      return [first & 15, length ? await read(length) : Buffer.alloc(0)]
    }
    const say = (opcode, payload) => {
      const n = payload.length, mask = crypto.randomBytes(4), masked = Buffer.from(payload)
      for (let i = 0; i < n; i++) masked[i] ^= mask[i & 3]
      const length = n < 126 ? [n] : n < 65536 ? [126, n >> 8, n & 255] : [127, 0, 0, 0, 0, n >>> 24, n >> 16 & 255, n >> 8 & 255, n & 255]
      length[0] |= 128
      socket.write(Buffer.concat([Buffer.from([0x80 | opcode, ...length]), mask, masked]))
    }
    for (const word of ["one", "two", "three"]) same((await hear())[1].toString(), word)
    for (const size of [0, 1, 125, 126, 65535, 65536, 1 << 20]) {
      const payload = crypto.randomBytes(size)
      say(2, payload)
      const [opcode, heard] = await hear()
      same(opcode, 2)
      same(sha1(heard), sha1(payload))
    }
    // Many at once, in their order.
    for (let i = 0; i < 1000; i++) say(1, Buffer.from(`${i}`))
    for (let i = 0; i < 1000; i++) same((await hear())[1].toString(), `${i}`)
    say(9, Buffer.from("there?"))
    same((await hear()).join(" "), "10 there?")
    say(8, Buffer.from([3, 232]))
    same((await hear())[0], 8)
    socket.end()
  },
  async http2() {
    const session = http2.connect(`http://localhost:${h2}`)
    const stream = async number => {
      const stream = session.request({ ":method": "POST", ":path": `/shop.Shop/Talk${number}`, "te": "trailers" })
      let trailers, count = 0
      stream.on("trailers", headers => { trailers = headers })
      const read = exactly(stream)
      // A message goes once the one before is back: both sides stream at once.
      for (let round = 0; round < 20; round++) {
        const message = crypto.randomBytes(1 + Math.floor(Math.random() * 5000))
        count += message.length
        stream.write(message)
        same(sha1(await read(message.length)), sha1(message))
      }
      const close = new Promise(resolve => stream.on("close", resolve))
      stream.end()
      await close
      same(trailers["grpc-status"], "0")
      same(trailers.count, `${count}`)
      same(trailers.path, `/shop.Shop/Talk${number}`)
    }
    await Promise.all(Array.from({ length: 100 }, (_, number) => stream(number)))
    await new Promise(resolve => session.close(resolve))
  },
  // As much as is said, both ways at once.
  async much() {
    const socket = await connect(bytes), [sent, heard] = [crypto.createHash("sha1"), crypto.createHash("sha1")]
    let count = 0
    socket.on("data", piece => { heard.update(piece); count += piece.length })
    const end = ended(socket), block = crypto.randomBytes(1 << 20)
    const early = end.then(() => { throw new Error("its end") })
    early.catch(() => {})
    const next = event => Promise.race([early, new Promise(resolve => socket.once(event, resolve))])
    socket.write("echo\n")
    for (let i = 0; i < mebibytes; i++) {
      const piece = Buffer.from(block)
      piece.writeUInt32BE(i)
      sent.update(piece)
      if (!socket.write(piece)) await next("drain")
    }
    while (count < mebibytes * (1 << 20)) await next("data")
    socket.end()
    await end
    same(heard.digest("hex"), sent.digest("hex"))
  },
  async many() {
    const sockets = await Promise.all(Array.from({ length: 200 }, () => connect(bytes)))
    const reads = sockets.map(exactly)
    sockets.forEach(socket => socket.write("echo\nhere"))
    await Promise.all(reads.map(async read => same(`${await read(4)}`, "here")))
    same(await ask("open"), "200")
    await Promise.all(sockets.map(async (socket, i) => {
      const data = crypto.randomBytes(64 << 10)
      socket.write(data)
      same(sha1(await reads[i](data.length)), sha1(data))
      socket.end()
    }))
    await becomes(() => ask("open"), "0")
  },
  // The client has said all, and hears the answer to it.
  async clientEnds() {
    const socket = await connect(bytes), name = crypto.randomBytes(8).toString("hex"), data = crypto.randomBytes(1 << 20)
    socket.end(Buffer.concat([Buffer.from(`take ${name} ${ends ? "" : data.length}\n`), data]))
    same(await all(socket), sha1(data))
  },
  // The server has said all, and is told more.
  async serverEnds() {
    const socket = await connect(bytes), name = crypto.randomBytes(8).toString("hex"), data = crypto.randomBytes(1 << 20)
    const heard = []
    socket.on("data", piece => heard.push(piece))
    const end = ended(socket)
    socket.write(`last ${name}\n`)
    if (ends) await end
    socket.end(data)
    await end
    same(Buffer.concat(heard).toString(), "bye")
    await becomes(() => ask(`sum ${name}`), sha1(data))
  },
  // Without a word.
  async vanishes() {
    const sockets = await Promise.all(Array.from({ length: 50 }, () => connect(bytes)))
    await Promise.all(sockets.map(async socket => {
      const read = exactly(socket)
      socket.write("echo\nhere")
      same(`${await read(4)}`, "here")
    }))
    same(await ask("open"), "50")
    sockets.forEach(socket => socket.resetAndDestroy())
    await becomes(() => ask("open"), "0")
  },
}

;(async () => {
  for (const [name, thing] of Object.entries(things)) {
    const start = Date.now()
    try {
      await thing()
      console.log(`ok ${name} ${Date.now() - start} ms`)
    } catch (error) {
      console.log(`no ${name}: ${error.message}`)
    }
  }
  process.exit()
})()
