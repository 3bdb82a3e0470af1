// SPDX-License-Identifier: MIT
// A connection to a room that outlives its sockets, and the outbox.
//
// Under chatd.v1 the server sends each member its own messages too: that is how
// we know that one was delivered. A message of ours is
//
//   queued   until a connection has caught up
//   sent     handed to the socket; the server has not shown it yet
//   lost     handed to a socket that died: it may be there. Never sent again
//            by itself, for it could appear twice
//   refused  not taken by the server
//
//   queued -> sent -> delivered (forgotten), lost or refused
//   sent -> queued            only when the server's log proves it is not there
//   lost, refused -> queued or forgotten         by the person

import { memory, wsURL } from "/common.js";

const PAUSE_FIRST = 1000, PAUSE_MOST = 30000; // between attempts, ms
const STEADY = 10000;       // a connection this old makes the pause small again
const OPEN_TIMEOUT = 10000; // for handshake and welcome
const BEAT = 15000;         // between questions whether it lives
const PATIENCE = 15000, SHORT_PATIENCE = 4000; // for any sign of life
const REPLAY_TIMEOUT = 5000; // for the history that the welcome announced
const HISTORY = 100;

const session = memory("sessionStorage");

// EPOCH-N: the count N starts afresh with each EPOCH.
function parseId(id) {
  const [, epoch, n] = /^(.*)-(\d+)$/.exec(id || "") || [];
  return { epoch, n: Number(n) };
}

export class Link {
  // hooks: state(name, detail), message(m, own), gap(), members(n),
  // notice(text), out(item): it is new, has changed, or is gone.
  constructor(room, name, hooks) {
    Object.assign(this, { room, name, hooks });
    this.ws = null;
    this.last = null; // id of the newest message we have
    this.attempt = 0;
    this.cut = 0;     // how the connection of the "sent" ended: a close code
    const kept = session.get("out." + room, { uids: [], items: [] });
    this.uids = new Set(kept.uids); // ours: a new one per connection
    this.items = kept.items.map((text) => ({ text, state: "lost" }));

    addEventListener("online", () => this.wake());
    addEventListener("offline", () => this.ask(SHORT_PATIENCE));
    document.addEventListener("visibilitychange",
      () => document.hidden || this.wake());
  }

  // ---- connecting

  open() {
    clearTimeout(this.retry);
    const query = new URLSearchParams({ history: HISTORY });
    if (this.last) query.set("since", this.last);
    if (this.name) query.set("name", this.name);
    const ws = this.ws = new WebSocket(
      wsURL(`/ws/${encodeURIComponent(this.room)}?${query}`), "chatd.v1");
    this.welcomed = 0;
    this.ready = false;
    this.hooks.state("connecting");
    this.timer = setTimeout(() => this.drop(), OPEN_TIMEOUT);
    ws.onmessage = (e) => this.heard(JSON.parse(e.data));
    ws.onclose = (e) => this.closed(e.code);
  }

  // No closing handshake with somebody who does not answer.
  drop() {
    this.ws.onmessage = this.ws.onclose = null;
    this.ws.close();
    this.closed(1006);
  }

  closed(code) {
    this.ws = null;
    this.ready = false;
    clearTimeout(this.timer);
    clearTimeout(this.replay);
    if (this.welcomed && this.cut !== 1006) this.cut = code;
    if (this.welcomed && Date.now() - this.welcomed > STEADY) this.attempt = 0;
    // Jitter, lest a restarted server meets everybody at once.
    const most = Math.min(PAUSE_FIRST * 2 ** this.attempt++, PAUSE_MOST);
    const pause = this.renaming ? 0 : most * (1 + Math.random()) / 2;
    this.renaming = false;
    this.retry = setTimeout(() => this.open(), pause);
    this.hooks.state("waiting", { pause, opened: this.welcomed > 0 });
  }

  // The person looks, or the network is back: find out now.
  wake() {
    if (this.ws) this.ask(SHORT_PATIENCE);
    else this.open();
  }

  // ---- heartbeat

  ask(patience) {
    if (!this.ws || !this.welcomed) return;
    clearTimeout(this.timer);
    const asked = Date.now();
    this.send({ ping: asked });
    this.timer = setTimeout(() => {
      if (this.heardAt >= asked) this.rest();
      // A timer far too late: this page slept, not the server.
      else if (Date.now() - asked > patience + 2000) this.ask(patience);
      else this.drop();
    }, patience);
  }

  rest() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(PATIENCE), BEAT);
  }

  // ---- receiving

  heard(m) {
    this.heardAt = Date.now();
    if (m.event === "welcome") this.welcome(m);
    else if (m.event === "members") this.hooks.members(m.members);
    else if (m.event === "gap") this.gap();
    else if (m.event === "error") this.hooks.notice(m.error);
    else if (m.id) this.message(m);
  }

  welcome(m) {
    this.welcomed = Date.now();
    this.uid = m.uid;
    this.uids.add(m.uid);
    this.keep();
    this.gapSeen = false;
    this.target = m.last;
    this.hooks.state("open");
    this.hooks.members(m.members);
    this.rest();
    // Another epoch than ours is a gap before anybody says so.
    if (this.last && parseId(this.last).epoch !== parseId(m.last).epoch)
      this.gap();
    if (!m.last || m.last === this.last) this.caughtUp();
    else this.replay = setTimeout(() => this.caughtUp(true), REPLAY_TIMEOUT);
  }

  gap() {
    if (!this.gapSeen) this.hooks.gap();
    this.gapSeen = true;
  }

  message(m) {
    const id = parseId(m.id), have = parseId(this.last);
    if (id.epoch === have.epoch && id.n <= have.n) return;
    this.last = m.id;
    const own = this.uids.has(m.uid);
    this.hooks.message(m, own);
    if (own) this.delivered(m);
    if (!this.ready && id.n >= parseId(this.target).n) this.caughtUp();
  }

  // What was sent before and is not in the history never arrived, if that can
  // be trusted: not when history is missing, and not when the connection was
  // cut without a Close, for its bytes may still be on their way.
  caughtUp(unsure) {
    if (this.ready) return;
    clearTimeout(this.replay);
    this.ready = true;
    const open = this.items.filter((item) => item.state === "sent");
    open.forEach((item, i) => {
      if (this.gapSeen || unsure || this.cut === 1006) item.state = "lost";
      // The first that is not in the log was the reason for the close.
      else if (!i && [1003, 1007, 1009].includes(this.cut))
        item.state = "refused";
      else item.state = "queued";
      this.hooks.out(item);
    });
    this.cut = 0;
    this.hooks.state("ready");
    this.flush();
  }

  // ---- the outbox

  send(object) { this.ws.send(JSON.stringify(object)); }

  say(text) {
    const item = { text, state: "queued" };
    this.items.push(item);
    this.hooks.out(item);
    this.flush();
    this.keep();
  }

  forget(item) {
    this.items = this.items.filter((other) => other !== item);
    item.state = "gone";
    this.hooks.out(item);
    this.keep();
  }

  flush() {
    for (const item of this.items) {
      if (!this.ready || this.ws.readyState !== 1) return;
      if (item.state !== "queued") continue;
      this.send({ message: item.text });
      item.state = "sent";
      this.hooks.out(item);
    }
  }

  // They come in the order they were sent: one before this has been refused.
  delivered(m) {
    const now = m.uid === this.uid;
    const find = (state) => this.items.find((item) =>
      item.text === m.message && item.state === state);
    const item = now ? find("sent") || find("lost")
                     : find("lost") || find("sent");
    if (!item) return;
    if (now && item.state === "sent") for (const before of this.items) {
      if (before === item) break;
      if (before.state !== "sent") continue;
      before.state = "refused";
      this.hooks.out(before);
    }
    this.forget(item);
  }

  // What is unsent or unsure survives a reload, to be asked about.
  keep() {
    session.set("out." + this.room, { uids: [...this.uids].slice(-50),
      items: this.items.map((item) => item.text) });
  }

  // A name cannot be taken back but by a new connection.
  rename(name) {
    if (name === this.name) return;
    this.name = name;
    if (!this.ws || !this.welcomed) return;
    if (name) return this.send({ name });
    this.renaming = true;
    this.ws.close(1000);
  }
}
