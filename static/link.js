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

import { session, wsURL } from "/common.js";

const PAUSE_FIRST = 1000, PAUSE_MOST = 30000; // between attempts, ms
const STEADY = 10000;       // a connection this old makes the pause small again
const OPEN_TIMEOUT = 10000; // for handshake and welcome
const BEAT = 15000;         // between questions whether it lives
const PATIENCE = 15000, SHORT_PATIENCE = 4000; // for any sign of life
// For a history whose length the welcome does not tell: longer where messages
// of ours may be in it.
const REPLAY_TIMEOUT = 5000, SHORT_REPLAY_TIMEOUT = 1000;
const IDS = 2000;            // remembered, so that nothing is shown twice
const HISTORY = 100;

// The clock of the day may be set back while somebody waits by it.
const now = () => performance.now();

export class Link {
  // hooks: state(name, detail), message(m, own, replayed), gap(),
  // members(number, who), notice(text), out(item): it is new, has changed, or
  // is gone.
  constructor(room, name, hooks) {
    Object.assign(this, { room, name, hooks });
    this.ws = null;
    this.last = null; // id of the newest message we have
    this.ids = new Set(); // of those we have
    this.asked = 0;   // questions whether the server lives
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

  // Whatever goes wrong on the screen, the stream goes on.
  tell(hook, ...what) {
    try {
      this.hooks[hook](...what);
    } catch (e) {
      console.error(e);
    }
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
    this.tell("state", "connecting");
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
    if (this.welcomed && now() - this.welcomed > STEADY) this.attempt = 0;
    // Jitter, lest a restarted server meets everybody at once.
    const most = Math.min(PAUSE_FIRST * 2 ** this.attempt++, PAUSE_MOST);
    const pause = this.renaming ? 0 : most * (1 + Math.random()) / 2;
    this.renaming = false;
    this.retry = setTimeout(() => this.open(), pause);
    this.tell("state", "waiting", { pause, opened: this.welcomed > 0 });
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
    const asked = now();
    this.send({ ping: ++this.asked });
    this.timer = setTimeout(() => {
      if (this.heardAt >= asked) this.rest();
      // A timer far too late: this page slept, not the server.
      else if (now() - asked > patience + 2000) this.ask(patience);
      else this.drop();
    }, patience);
  }

  rest() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.ask(PATIENCE), BEAT);
  }

  // ---- receiving

  heard(m) {
    this.heardAt = now();
    if (m.event === "welcome") this.welcome(m);
    else if (m.event === "members") this.tell("members", m.members, m.who);
    else if (m.event === "gap") this.gap();
    else if (m.event === "error") this.tell("notice", m.error);
    else if (m.id) this.message(m);
  }

  welcome(m) {
    this.welcomed = now();
    this.uid = m.uid;
    this.uids.add(m.uid);
    this.keep();
    this.gapSeen = false;
    this.newest = m.last;
    this.following = m.following; // to be replayed; older servers do not tell
    this.tell("state", "open");
    this.tell("members", m.members, m.who);
    this.rest();
    // Where nothing follows and the last is another than ours, a gap does.
    if (m.following === 0 && this.last && m.last !== this.last) return;
    if (m.following === 0 || !m.last || m.last === this.last) this.caughtUp();
    else if (m.following === undefined) this.replay = setTimeout(
      () => this.caughtUp(true), this.items.some((i) => i.state === "sent")
        ? REPLAY_TIMEOUT : SHORT_REPLAY_TIMEOUT);
  }

  gap() {
    if (!this.gapSeen) this.tell("gap");
    this.gapSeen = true;
    if (this.following === 0) this.caughtUp();
  }

  // An id says nothing but which message it is.
  message(m) {
    const isLast = this.following ? --this.following === 0
                                  : m.id === this.newest;
    if (!this.ids.has(m.id)) {
      this.ids.add(m.id);
      if (this.ids.size > IDS) this.ids.delete(this.ids.values().next().value);
      this.last = m.id;
      const own = this.uids.has(m.uid);
      this.tell("message", m, own, !this.ready);
      if (own) this.delivered(m);
    }
    if (!this.ready && isLast) this.caughtUp();
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
        Object.assign(item, { state: "refused", why: this.cut });
      else item.state = "queued";
      this.tell("out", item);
    });
    this.cut = 0;
    this.tell("state", "ready");
    this.flush();
  }

  // ---- the outbox

  send(object) { this.ws.send(JSON.stringify(object)); }

  say(text) {
    const item = { text, state: "queued" };
    this.items.push(item);
    this.tell("out", item);
    this.flush();
    this.keep();
  }

  forget(item) {
    this.items = this.items.filter((other) => other !== item);
    item.state = "gone";
    this.tell("out", item);
    this.keep();
  }

  flush() {
    for (const item of this.items) {
      if (!this.ready || this.ws.readyState !== 1) return;
      if (item.state !== "queued") continue;
      this.send({ message: item.text });
      item.state = "sent";
      this.tell("out", item);
    }
  }

  // They come in the order they were sent: one before this has been refused.
  delivered(m) {
    const here = m.uid === this.uid; // said on this connection
    const find = (state) => this.items.find((item) =>
      item.text === m.message && item.state === state);
    const item = here ? find("sent") || find("lost")
                      : find("lost") || find("sent");
    if (!item) return;
    if (here && item.state === "sent") for (const before of this.items) {
      if (before === item) break;
      if (before.state !== "sent") continue;
      before.state = "refused";
      this.tell("out", before);
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
