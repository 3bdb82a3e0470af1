#!/usr/bin/python3
# SPDX-License-Identifier: MIT
"""Goal: the pages do their work in WebKit, too: the core flows, in WebKitGTK's
MiniBrowser, on a screen that nobody sees. (Chromium and Firefox: browser/.)"""

import glob
import os
import signal
import subprocess
import time
import unittest

from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from support import ServerCase, until_true

MINI_BROWSER = "/usr/lib/*/webkit2gtk-4.*/MiniBrowser"


class Webkit(ServerCase):
    """One browser, each test a server and a room of its own."""

    @classmethod
    def setUpClass(cls):
        read, write = os.pipe()
        cls.screen = subprocess.Popen(
            ["Xvfb", "-displayfd", str(write), "-screen", "0", "1280x900x24",
             "-nolisten", "tcp"], pass_fds=[write], stderr=subprocess.DEVNULL)
        cls.addClassCleanup(cls.end_screen)
        os.close(write)
        with os.fdopen(read) as pipe:
            os.environ["DISPLAY"] = ":" + pipe.readline().strip()
        # Its sandbox wants user namespaces, which a container may not have.
        os.environ["WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS"] = "1"
        options = webdriver.WebKitGTKOptions()
        options.binary_location = glob.glob(MINI_BROWSER)[0]
        options.add_argument("--automation")
        cls.browser = webdriver.WebKitGTK(
            options=options, executable_path="/usr/bin/WebKitWebDriver",
            service_log_path=os.devnull)
        cls.addClassCleanup(cls.browser.quit)

    @classmethod
    def end_screen(cls):
        cls.screen.terminate()
        cls.screen.wait()

    def open(self, server, path):
        self.browser.get(f"http://127.0.0.1:{server.port}{path}")
        until_true(lambda: self.text("#state") == "Connected")

    def text(self, selector):
        return self.script(
            f"document.querySelector('{selector}').textContent")

    def said(self):
        return self.script("Array.from(document.querySelectorAll("
                           "'#log .text'), (e) => e.textContent)")

    def type(self, *keys):
        """Wherever the focus is."""
        webdriver.ActionChains(self.browser).send_keys(*keys).perform()

    def script(self, text):
        return self.browser.execute_script("return " + text)

    def test_two_people_chat_and_typing_goes_to_the_message(self):
        server = self.start()
        self.open(server, "/chat/webkit")
        ann = self.ws(server, "/ws/webkit?name=Ann")
        self.type("Hello Ann", Keys.ENTER)
        self.assertEqual(ann.recv_json()["message"], "Hello Ann")
        ann.text('{"message":"Hello <b>you</b>"}')
        until_true(lambda: self.said() == ["Hello Ann", "Hello <b>you</b>"])
        self.assertEqual(self.text("#log bdi.who"), "Ann")
        until_true(lambda: self.text("#members") == "2 here")

    def test_a_burst_is_drawn_and_the_page_goes_on(self):
        server = self.start()
        self.open(server, "/chat/burst")
        bob = self.ws(server, "/chat/burst")
        self.script("""(window.frames_drawn = 0, (function count() {
            window.frames_drawn++; requestAnimationFrame(count); })())""")
        began = time.monotonic()
        for i in range(2000):
            bob.text(f"line {i}")
        until_true(lambda: self.said()[-1:] == ["line 1999"])
        print(f"2,000 messages: {time.monotonic() - began:.1f} s, "
              f"{self.script('window.frames_drawn')} frames")
        self.type("still here", Keys.ENTER)
        until_true(lambda: self.said()[-1:] == ["still here"])

    def test_a_server_that_comes_back_hears_what_was_written_meanwhile(self):
        server = self.start()
        addr = [f"127.0.0.1:{server.port}"]
        self.open(server, "/chat/outage")
        self.type("before", Keys.ENTER)
        until_true(lambda: self.said() == ["before"])
        server.process.send_signal(signal.SIGTERM)
        server.process.wait()
        until_true(lambda: self.text("#state") != "Connected")
        self.type("meanwhile", Keys.ENTER)
        again = self.start(addr=addr)
        again.port = server.port
        bob = self.ws(again, "/chat/outage?history=1")
        until_true(lambda: self.said() == ["before", "meanwhile"])
        self.assertEqual(bob.recv_text(), "meanwhile")

    def test_the_echo_page_shows_both_directions(self):
        self.open(self.start(), "/echo")
        self.browser.find_element(By.ID, "send").click()
        until_true(lambda: self.text("#count").startswith(
            "1 sent · 1 back · 0 "))


if __name__ == "__main__":
    unittest.main()
