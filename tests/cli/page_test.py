#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The HTML report as a browser shows it: headless Chromium, on a wide screen and on a telephone's."""

import html
import json
import pathlib
import re
import struct
import subprocess
import zlib

import program
from program import DONE, FINDINGS
import sites

WIDTHS = (1280, 400)
HEIGHT = 900

# Holds a copy of the page in a frame: Chromium makes no window of less than 500 pixels, and the page itself
# allows no script.
PROBE = '''<!doctype html><html><head><title></title></head><body>
<iframe style="border: 0; width: %(width)dpx; height: %(height)dpx" srcdoc="%(page)s"></iframe>
<script>
addEventListener('load', () => {
  const frame = document.querySelector('iframe').contentWindow;
  const page = frame.document;
  const charts = [...page.querySelectorAll('svg[role=img]')].map(svg => {
    const box = svg.getBoundingClientRect();
    return {name: svg.classList[0], width: box.width, height: box.height, right: box.right};
  });
  document.title = JSON.stringify({window: frame.innerWidth, scroll: page.documentElement.scrollWidth,
                                   body: page.body.scrollWidth, charts});
});
</script></body></html>'''


def measured(dom):
    """What the probe has put into its title, the first of the document."""
    return json.loads(html.unescape(re.search(r'<title>(.*?)</title>', dom, re.DOTALL).group(1)))


def pixels(path):
    """The size of a PNG as Chromium writes it, and its pixels' bytes as they are stored."""
    data = path.read_bytes()
    if data[:8] != b'\x89PNG\r\n\x1a\n':
        raise AssertionError('no PNG: %s' % path)
    at, packed = 8, b''
    while at < len(data):
        length, kind = struct.unpack('>I4s', data[at:at + 8])
        if kind == b'IHDR':
            size = struct.unpack('>II', data[at + 8:at + 16])
        if kind == b'IDAT':
            packed += data[at + 8:at + 8 + length]
        at += length + 12
    return size, zlib.decompress(packed)


# Chromium looks for updates and the time of its own accord, whatever it is told.
BROWSERS_OWN = re.compile(r'[ /](accounts|clients\d*|update|edgedl|redirector|safebrowsing|optimizationguide-pa)'
                          r'\.(google|googleapis|gvt1)\.com[:/]')

# A process of its own, in which no library of Glance's has put its own threads in place of Python's.
PROXY = '''
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def refuse(self):
        with open(sys.argv[1], 'a') as file:
            file.write('%s %s\\n' % (self.command, self.path))
        self.send_response(404)
        self.send_header('Content-Length', '0')
        self.end_headers()
    do_GET = do_POST = do_HEAD = do_CONNECT = do_OPTIONS = refuse
    def log_message(self, *_):
        pass
server = http.server.ThreadingHTTPServer(('127.0.0.1', 0), Handler)
print(server.server_address[1], flush=True)
server.serve_forever()
'''


class Browser:
    """Chromium, whose every request to the network goes to a proxy that notes it."""

    def __init__(self, test):
        self.test = test
        self.profile = test.scratch()
        self.notes = test.scratch() / 'asked'
        self.notes.touch()
        proxy = subprocess.Popen(['/usr/bin/python3', '-I', '-c', PROXY, str(self.notes)],
                                 stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        test.addCleanup(proxy.wait)
        test.addCleanup(proxy.stdout.close)
        test.addCleanup(proxy.kill)
        self.port = int(proxy.stdout.readline())

    @property
    def asked(self):
        return [line for line in self.notes.read_text().splitlines() if not BROWSERS_OWN.search(line)]

    def run(self, page, width, *options):
        done = subprocess.run(
            ['chromium', '--headless', '--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage',
             '--no-first-run', '--disable-background-networking', '--disable-component-update',
             '--disable-sync', '--disable-default-apps', '--disable-extensions', '--hide-scrollbars',
             '--user-data-dir=%s' % self.profile, '--proxy-bypass-list=<-loopback>',
             '--proxy-server=127.0.0.1:%d' % self.port,
             '--window-size=%d,%d' % (width, HEIGHT), *options, page.as_uri()],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120)
        self.test.assertEqual(done.returncode, 0, done.stderr.decode('utf-8', 'replace')[-2000:])
        return done.stdout.decode('utf-8', 'replace')

    def measure(self, page, width):
        text = page.read_text(encoding='utf-8')
        head, policy, rest = text.partition('<meta http-equiv="Content-Security-Policy"')
        self.test.assertTrue(policy)
        probe = page.with_name('probe.html')
        probe.write_text(PROBE % {'width': width, 'height': HEIGHT,
                                  'page': html.escape(head + rest.partition('>')[2])}, encoding='utf-8')
        return measured(self.run(probe, width, '--dump-dom'))

    def screenshot(self, page, width):
        path = page.with_name('screen-%d.png' % width)
        self.run(page, width, '--screenshot=%s' % path)
        return pixels(path)


class Page(program.ProgramTest):
    def assert_shown(self, page, charts):
        browser = Browser(self)
        for width in WIDTHS:
            with self.subTest(width):
                found = browser.measure(page, width)
                self.assertEqual(found['window'], width)
                self.assertLessEqual(found['scroll'], width)
                self.assertLessEqual(found['body'], width)
                self.assertEqual({chart['name'] for chart in found['charts']}, charts)
                for chart in found['charts']:
                    self.assertGreater(min(chart['width'], chart['height']), 5, chart)
                    self.assertLessEqual(chart['right'], width, chart)
                size, data = browser.screenshot(page, width)
                self.assertEqual(size, (width, HEIGHT))
                # an empty page is all but zeros in a PNG
                self.assertGreater(len(data) - data.count(0), width * HEIGHT // 100)
        self.assertEqual(browser.asked, [])


class WholeSite(sites.MadeSiteTest, Page):
    make_options = ('--hostile', '--seed', 'report')

    def test_page_fits_every_screen_shows_its_charts_and_loads_nothing(self):
        self.on_site('sync', '--grace', '10d', code=FINDINGS)
        page = pathlib.Path(self.directory) / 'page.html'
        self.on_site('report', '--html', page)
        self.assert_shown(page, {'ring', 'bar', 'deadlines'})


class OwnersPages(sites.MadeSiteTest, Page):
    make_options = ('--hostile', '--seed', 'report')

    def test_pages_of_owners_fit_every_screen_and_load_nothing(self):
        self.on_site('sync', '--grace', '10d', '--certificates', self.directory / 'certificates', code=FINDINGS)
        # One that no line can be broken in.
        self.database.execute('UPDATE images SET owner = ?, name = ?', 'o' * 250, 'n' * 250)
        directory = self.scratch() / 'owners'
        self.on_site('report', '--owners', directory)
        pages = sorted(directory.glob('*.html'))
        self.assertEqual(len(pages), 2)
        for page in pages:
            self.assert_shown(page, set())


class EmptySite(sites.SmallSiteTest, Page):
    def test_page_of_a_site_without_images(self):
        self.on_site('expand')
        page = self.scratch() / 'page.html'
        self.on_site('report', '--html', page, code=DONE)
        self.assert_shown(page, {'ring'})


class TheTestItself(Page):
    """That a page which is too wide, or loads something, would be found."""

    def page(self, body):
        path = self.scratch() / 'page.html'
        path.write_text('<!doctype html><html><head><title>x</title><meta http-equiv="Content-Security-Policy"'
                        ' content=""></head><body>%s</body></html>' % body)
        return path

    def test_overflow_and_requests_are_seen(self):
        browser = Browser(self)
        page = self.page('<div style="width: 900px">wide</div><img src="http://images.example.org/x.png">')
        self.assertGreaterEqual(browser.measure(page, 400)['scroll'], 900)
        self.assertIn('GET http://images.example.org/x.png', browser.asked)


if __name__ == '__main__':
    program.main()
