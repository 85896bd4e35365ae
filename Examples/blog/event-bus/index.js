// The event bus: one log of everything that happened, in the order in which it arrived.
// Services add to it (POST /events) and read it from wherever they left off (GET /events).
const express = require("express");
const { randomBytes } = require("node:crypto");
const { EventEmitter, once } = require("node:events");

const version = "1";
const port = process.env.PORT ?? 4005;
const patience = 5_000; // ms that a reader who has everything is kept waiting for news

const log = randomBytes(4).toString("hex"); // names this log: a bus that starts afresh has another
const events = []; // an event's position in here is its sequence number
const known = new Set(); // the ids of those events: one that is offered twice is stored once
const news = new EventEmitter().setMaxListeners(0);

const isEvent = (event) =>
  typeof event?.id === "string" && typeof event.type === "string" && event.data instanceof Object;

const app = express();
app.use(express.json({ limit: "50mb" })); // a service that hands back its copy of the log sends all of it

// Whoever adds to the log names the log it means. If that is one we have lost, the answer is 409: the service
// hands over its copy of the lost log first, and so no event ever comes before what led to it.
app.post("/events", (req, res) => {
  if (!Array.isArray(req.body) || !req.body.every(isEvent)) {
    return res.status(400).json({ error: "the body must be a list of events: [{ id, type, data }]" });
  }
  if (req.query.log !== log) return res.status(409).json({ error: `this log is ${log}`, log });
  const added = req.body.filter((event) => !known.has(event.id) && known.add(event.id));
  for (const event of added) {
    events.push(event);
    console.log(`${events.length} ${event.id}`);
  }
  if (added.length > 0) news.emit("added");
  res.status(201).json({ log, added: added.length });
});

// Everything after the first `after` events. A reader of this log who has them all waits here for the next one.
app.get("/events", async (req, res) => {
  const after = Number(req.query.after ?? 0);
  if (!Number.isSafeInteger(after) || after < 0) {
    return res.status(400).json({ error: "after must be a number of events, 0 or more" });
  }
  if (req.query.log === log && after >= events.length) {
    await once(news, "added", { signal: AbortSignal.timeout(patience) }).catch(() => {}); // nothing new is fine
  }
  res.json({ log, events: events.slice(after) });
});

app.get("/healthz", (req, res) => res.json({ service: "event-bus", version, log, events: events.length }));
app.use((req, res) => res.status(404).json({ error: `there is no ${req.method} ${req.path} here` }));
app.use((error, req, res, next) => res.status(error.status ?? 500).json({ error: error.message }));

const server = app.listen(port, () => console.log(`event-bus listening on ${port} (version ${version})`));
process.on("SIGTERM", () => {
  server.close(() => process.exit()); // what is under way gets its answer,
  news.emit("added"); // also the readers who wait,
  setTimeout(process.exit, 500); // but nobody waits long for it
});
