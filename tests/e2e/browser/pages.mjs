// SPDX-License-Identifier: MIT
// Where things are on chatd's pages: by role and label, as a person or a
// screen reader finds them. The only place that knows.

/** The room at /chat/ROOM. */
export class ChatPage {
  constructor(page) {
    this.page = page;
    this.message = page.getByRole('textbox', { name: /message/i });
    this.send = page.getByRole('button', { name: /send/i });
    this.log = page.getByRole('log');
  }

  async open(base, room) {
    await this.page.goto(`${base}/chat/${encodeURIComponent(room)}`);
    await this.message.waitFor({ state: 'visible' });
  }

  async say(text) {
    await this.message.fill(text);
    await this.send.click();
  }

  async sayWithEnter(text) {
    await this.message.fill(text);
    await this.message.press('Enter');
  }

  /** Waits until the log shows this text. */
  async sees(text) {
    await this.log.getByText(text, { exact: false }).first()
      .waitFor({ state: 'visible' });
  }
}

/** The echo tester at /echo. */
export class EchoPage extends ChatPage {
  async open(base) {
    await this.page.goto(`${base}/echo`);
    await this.message.waitFor({ state: 'visible' });
  }
}
