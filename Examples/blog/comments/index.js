// Comments: creates comments, and owns their status: pending, until moderation has decided.
const express = require("express");
const { randomBytes } = require("node:crypto");
const { setTimeout: sleep } = require("node:timers/promises");

const version = "1";
const port = process.env.PORT ?? 4001;
const app = express();

app.get("/posts/:id/comments", (req, res) => {
  const latest = new Map(dataOf("CommentCreated", "CommentUpdated").map((comment) => [comment.id, comment]));
  res.json([...latest.values()].filter((comment) => comment.postId === req.params.id));
});

app.post("/posts/:id/comments", express.json(), (req, res, next) => {
  const content = req.body?.content;
  if (typeof content !== "string" || content.trim() === "") {
    return res.status(400).json({ error: "content must be a text that is not empty" });
  }
  const id = randomBytes(4).toString("hex");
  const comment = { id, postId: req.params.id, content: content.trim(), status: "pending" };
  publish(newEvent("CommentCreated", comment)).then(() => res.status(201).json(comment), next);
});

// What we have to say and have not said yet: that a comment has the status which moderation gave it.
function due() {
  return dataOf("CommentModerated")
    .filter((comment) => !events.has(`CommentUpdated:${comment.id}`))
    .map((comment) => newEvent("CommentUpdated", comment));
}

app.get("/healthz", (req, res) => res.status(log ? 200 : 503).json({ service: "comments", version, log }));
app.use((req, res) => res.status(404).json({ error: `there is no ${req.method} ${req.path} here` }));
app.use((error, req, res, next) => res.status(error.status ?? 500).json({ error: error.message }));

const server = app.listen(port, () => console.log(`comments listening on ${port} (version ${version})`));
process.on("SIGTERM", () => {
  server.close(() => process.exit()); // what is under way gets its answer,
  setTimeout(process.exit, 500); // but nobody waits long for it
});

// The event bus. How this works, and why every service holds the same lines, is in ../README.md.
const address = process.env.EVENT_BUS ?? "http://event-bus-srv:4005";
const events = new Map(); // our copy of the bus's log, by event id: what arrives twice counts once
let log; // the log that we follow; none until the bus has answered
const dataOf = (...types) => [...events.values()].filter(({ type }) => types.includes(type)).map(({ data }) => data);
const newEvent = (type, data) => ({ id: `${type}:${data.id}`, type, data });

function unavailable({ cause, message }) {
  throw Object.assign(new Error(`the event bus is not available: ${cause?.code ?? message}`), { status: 503 });
}

async function bus(method, query, body) {
  const url = `${address}/events?${new URLSearchParams(query)}`;
  const headers = { "content-type": "application/json", connection: "close" }; // never an old way to a bus that moved
  const signal = AbortSignal.timeout(8_000);
  const response = await fetch(url, { method, headers, signal, body: JSON.stringify(body) }).catch(unavailable);
  return response.ok ? response.json() : unavailable({ message: `status ${response.status}` });
}

function take(event) {
  if (!events.has(event.id)) console.log(event.id);
  events.set(event.id, event);
}

async function publish(event) {
  await bus("POST", { log }, [event]);
  take(event);
}

async function follow() {
  for (let next = 0; ; ) {
    try {
      const unsaid = due();
      if (unsaid.length) await bus("POST", { log }, unsaid);
      const page = await bus("GET", { log, after: next }); // the bus answers when there is news
      if (page.log === log) {
        page.events.forEach(take);
        next += page.events.length;
      } else {
        await bus("POST", { log: page.log }, [...events.values()]); // a new log: it starts with what we know
        [log, next] = [page.log, 0];
      }
    } catch (error) {
      console.log(error.message);
      await sleep(500);
    }
  }
}

follow();
