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
//
// Where the server wants a token it is that of this tab, or else a cookie that
// we cannot see. One that is refused, or has ended, is followed by one attempt
// with the cookie alone; then by none, until there is another token or the
// person asks.

import { session, takeToken, wsURL } from "/common.js";

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
  // is gone; and of a token: expiring(seconds), 0: not any more; listen(text):
  // nothing may be said, and this was not; named(name): it gives the name, ""
  // is not known yet, undefined: it does not; kept(): another was not taken.
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
    this.token = takeToken((token) => this.renew(token));
    this.cookieOnly = false; // the next attempt: a token was tried
    this.barred = false;     // no attempt but by the person
    this.listens = false;    // the server takes nothing that we say
    this.renewing = 0;       // the ping that went with another token

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
    this.toldName = this.name;
    this.shown = this.cookieOnly ? null : this.token;
    const ws = this.ws = new WebSocket(
      wsURL(`/ws/${encodeURIComponent(this.room)}?${query}`),
      this.shown ? ["chatd.v1", "bearer." + this.shown] : "chatd.v1");
    this.welcomed = 0;
    this.ready = this.barred = this.listens = false;
    this.renewing = 0;
    this.nameHere = "";
    this.tell("state", "connecting");
    this.timer = setTimeout(() => this.drop(), OPEN_TIMEOUT);
    ws.onmessage = (e) => this.heard(JSON.parse(e.data));
    ws.onclose = (e) => this.closed(e.code, e.reason);
  }

  // No closing handshake with somebody who does not answer.
  drop() {
    this.leave();
    this.closed(1006);
  }

  leave() {
    clearTimeout(this.timer);
    this.ws.onmessage = this.ws.onclose = null;
    this.ws.close();
  }

  closed(code, reason) {
    this.ws = null;
    this.ready = false;
    clearTimeout(this.timer);
    clearTimeout(this.replay);
    if (this.welcomed && this.cut !== 1006)
      this.cut = /Redis|known/.test(reason) ? 1006 : code;
    if (this.welcomed && now() - this.welcomed > STEADY) this.attempt = 0;
    // Jitter, lest a restarted server meets everybody at once.
    const most = Math.min(PAUSE_FIRST * 2 ** this.attempt++, PAUSE_MOST);
    const pause = this.again ? 0 : most * (1 + Math.random()) / 2;
    this.again = false;
    if (this.refused(code, reason)) return;
    this.retry = setTimeout(() => this.open(), pause);
    if (code !== 4401)
      this.tell("state", "waiting", { pause, opened: this.welcomed > 0 });
  }

  // The person looks, or asks, or the network is back: find out now.
  wake(asked) {
    if (this.ws) this.ask(SHORT_PATIENCE);
    else if (asked || !this.barred) this.open();
  }

  // ---- a token

  // True: there is no attempt after this one. That there is no cookie either
  // says nothing new.
  refused(code, reason) {
    if (code !== 4401 && code !== 4403) return false;
    if (!this.cookieOnly || reason !== "token: none") this.why = reason;
    this.cookieOnly = code === 4401 && Boolean(this.shown || this.welcomed);
    if (this.cookieOnly) return false;
    this.attempt = 0;
    this.barred = true;
    this.tell("state", "barred", this.why);
    return true;
  }

  // There is another. The server says whether an open connection goes on with
  // it: by the pong, or an error.
  renew(token) {
    this.before = this.token;
    this.token = token;
    this.cookieOnly = false;
    if (this.ws && this.welcomed) {
      this.renewing = ++this.asked;
      return this.send({ token, ping: this.renewing });
    }
    if (this.ws) this.leave();
    this.open();
  }

  renewed() {
    this.renewing = 0;
    this.listens = false;
    this.tell("expiring", 0);
  }

  // Of somebody else: then that is who is here now. Else it was no good.
  notRenewed(why) {
    this.renewing = 0;
    if (why === "token: of somebody else") {
      this.fix(undefined);
      return this.reopen();
    }
    this.token = this.before;
    session.set("token", this.token);
    this.tell("kept");
  }

  fix(name) {
    this.fixed = name;
    this.tell("named", name);
  }

  // What was said since was not taken either: the person has it back.
  listenOnly() {
    this.listens = true;
    const held = this.items.filter(({ state }) =>
      state === "sent" || state === "queued");
    for (const item of held) this.forget(item);
    if (held.length)
      this.tell("listen", held.map(({ text }) => text).join("\n"));
  }

  fault(words) {
    if (words === "token: for listening only") this.listenOnly();
    else if (words === "token: it has your name")
      this.fix(this.fixed || this.nameHere);
    else if (this.renewing) this.notRenewed(words);
    else this.tell("notice", words);
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
    else if (m.event === "error") this.fault(m.error);
    else if (m.event === "expiring") this.tell("expiring", m.in);
    else if (m.pong && m.pong === this.renewing) this.renewed();
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
    if (this.cookieOnly) session.set("token", this.token = null);
    this.cookieOnly = false;
    this.tell("state", "open");
    this.tellName();
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
    if (this.ready || !this.gapSeen) this.tell("gap");
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
  // be trusted: not when history is missing, not when the connection was cut
  // without a Close, for its bytes may still be on their way.
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
    if (this.listens) return this.tell("listen", text);
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
      item.name = this.toldName;
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
    if (here && item.state === "sent") this.named(m.name || "", item.name);
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

  rename(name) {
    this.name = name;
    if (this.ws && this.welcomed) this.tellName();
  }

  // One's own message shows the name that the others see.
  named(name, told) {
    this.nameHere = name;
    if (name !== told) this.fix(name);
    else if (this.fixed && name !== this.fixed) this.fix(undefined);
  }

  // A name cannot be taken back but by a new connection.
  tellName() {
    if (this.name === this.toldName) return;
    this.toldName = this.name;
    if (this.name) this.send({ name: this.name });
    else this.reopen();
  }

  reopen() {
    this.again = true;
    this.ws.close(1000);
  }
}
