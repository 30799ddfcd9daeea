#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs of the backfill as they begin, show themselves, meet other runs, are limited and end."""

import contextlib
import os
import pathlib
import re
import signal
import subprocess
import time

import program
from program import DONE, FAILED, FINDINGS, INTERRUPTED, LOCKED, MIGRATE_DUE, USAGE
import sites

KIB = 1024


class SlowSiteTest(sites.SmallSiteTest):
    """32 images of 128 KiB: 4 s at 1 MiB/s."""

    def setUp(self):
        super().setUp()
        self.big_site(32, 128 * KIB)
        self.on_site('expand')
        self.on_site('migrate')

    def published(self):
        return {image_id: value for image_id, (_, value, _) in self.site.hashes().items()
                if value is not None}

    def assert_all_right(self):
        for image_id, (algorithm, value, _) in self.site.hashes().items():
            self.assertEqual(algorithm, 'sha512')
            self.assertEqual(value, sites.sha512(self.site.path_of(image_id).read_bytes()))


def given(pid):
    """Nice value and whether its class of disk access is idle, of each thread; but for those that end meanwhile."""
    found = []
    for thread in pathlib.Path('/proc/%d/task' % pid).iterdir():
        asked = subprocess.run(['ionice', '-p', thread.name], check=False, capture_output=True, text=True)
        with contextlib.suppress(FileNotFoundError, ProcessLookupError):
            stat = (thread / 'stat').read_text().rsplit(')', 1)[1].split()
            if asked.returncode == 0:
                found.append((int(stat[16]), asked.stdout.strip() == 'idle'))
    return found


class Interrupted(SlowSiteTest):
    def interrupt(self, number):
        result = program.stop(self.start_slow_backfill('--json'), number)
        self.assert_code(result, INTERRUPTED)
        published = self.published()
        self.assertGreater(len(published), 0)
        self.assertLess(len(published), 32)
        self.assertEqual(result.object['end'], 'interrupted')
        self.assertEqual(result.object['classes']['hashed']['images'], len(published))
        self.assertEqual(self.site.leased(), 0)
        self.assertEqual(self.site.database.rows(
            'SELECT outcome FROM backglance_run WHERE finished_at IS NULL'), [])
        for image_id, value in published.items():
            self.assertEqual(value, sites.sha512(self.site.path_of(image_id).read_bytes()))

        rest = self.on_site('backfill', '--json').object
        self.assertEqual(rest['classes']['hashed']['images'], 32 - len(published))
        self.assertEqual(rest['bytes_read'], (32 - len(published)) * 128 * KIB)
        self.assert_all_right()

    def test_control_c_ends_a_backfill_that_the_next_one_takes_up(self):
        self.interrupt(signal.SIGINT)

    def test_sigterm_does_the_same(self):
        self.interrupt(signal.SIGTERM)

    def test_a_second_signal_changes_nothing(self):
        # as timeout(1) sends it, to the process and then to its group
        process = self.start_slow_backfill('--json')
        process.send_signal(signal.SIGTERM)
        time.sleep(0.002)
        self.assert_code(program.stop(process, signal.SIGTERM), INTERRUPTED)

    def test_a_run_that_was_killed_is_taken_up_as_well(self):
        process = self.start_slow_backfill()
        process.kill()
        program.finish(process)
        published = self.published()
        self.assertGreater(self.site.leased(), 0)
        rest = self.on_site('backfill', '--json').object
        self.assertEqual(rest['bytes_read'], (32 - len(published)) * 128 * KIB)
        self.assert_all_right()

    def test_verify_can_be_interrupted(self):
        self.on_site('backfill')
        process = program.start('verify', *self.site.options, '--bandwidth', '1M')
        program.wait_for(lambda: self.site.database.value(
            'SELECT count(*) FROM backglance_verify') > 0 or process.poll() is not None)
        self.assert_code(program.stop(process), INTERRUPTED)

    def test_sync_can_be_interrupted(self):
        process = program.start('sync', *self.site.options, '--bandwidth', '1M')
        program.wait_for(lambda: self.published() or process.poll() is not None)
        self.assert_code(program.stop(process), INTERRUPTED)
        self.assertEqual(self.site.leased(), 0)

    def test_everything_else_on_the_host_goes_first_unless_asked_otherwise(self):
        self.on_site('backfill')
        for arguments, nice, io_class in (((), 19, 'idle'), (('--priority', 'normal'), os.nice(0), '')):
            process = program.start('verify', *self.site.options, '--bandwidth', '1M', *arguments)
            # Those that read and digest. The others hold locks of the database, and leases.
            wanted = (nice, bool(io_class))
            program.wait_for(lambda: given(process.pid).count(wanted) > 3 or process.poll() is not None)
            self.assertGreater(given(process.pid).count(wanted), 3)
            self.assertLessEqual(set(given(process.pid)), {wanted, (os.nice(0), False)})
            self.assertIn((os.nice(0), False), given(process.pid))
            self.assert_code(program.stop(process), INTERRUPTED)

    def test_control_c_ends_in_the_middle_of_a_large_image(self):
        self.site.add(b'x' * (8 << 20))
        process = program.start('backfill', *self.site.options, '--bandwidth', '512K')
        program.wait_for(lambda: self.site.leased() > 0)
        time.sleep(0.5)
        began = time.monotonic()
        self.assert_code(program.stop(process), INTERRUPTED)
        self.assertLess(time.monotonic() - began, 10)
        self.assertEqual(self.site.leased(), 0)


class Display(SlowSiteTest):
    def test_terminal_shows_bytes_rate_and_time_left(self):
        terminal = program.Terminal()
        self.addCleanup(terminal.close)
        process = program.start('backfill', *self.site.options, '--bandwidth', '1M',
                                stderr=terminal.slave)
        terminal.read_until(' left')
        result = program.finish(process)
        terminal.read_all()
        self.assert_code(result, DONE)
        lines = re.split(r'[\r\n]', terminal.text)
        figures = re.compile(
            r'[\d.]+ [KM]iB of 4\.0 MiB, [\d.]+ (B|KiB|MiB)/s, \d+ s left, \d+ of 32 images')
        self.assertTrue(any(figures.search(line) for line in lines), terminal.text)
        self.assertIn('\r', terminal.text)
        for line in lines:
            self.assertLess(len(line.replace('\x1b[K', '')), 120)

    def test_narrow_terminal_gets_no_longer_lines(self):
        terminal = program.Terminal(columns=40)
        self.addCleanup(terminal.close)
        process = program.start('backfill', *self.site.options, '--bandwidth', '2M',
                                stderr=terminal.slave)
        program.finish(process)
        terminal.read_all()
        self.assertRegex(terminal.text, r'\r +\d+%, [\d.]+ (K|M)iB/s, \d+ s left')
        for line in re.split(r'[\r\n]', terminal.text):
            self.assertLess(len(line.replace('\x1b[K', '')), 40)

    def test_pipe_gets_plain_lines(self):
        result = self.on_site('backfill', '--bandwidth', '2M')
        self.assertNotIn('\r', result.out + result.err)
        self.assertNotIn('\x1b', result.out + result.err)
        self.assertIn('backfill: complete', result.out)

    def test_findings_are_named_as_they_come(self):
        lost = self.site.add(b'lost', location='file://%s/no-such-file' % self.site.store)
        result = self.on_site('backfill', code=FINDINGS)
        self.assertRegex(result.err, r'(?m)^%s: missing: ' % lost)


class Together(SlowSiteTest):
    def test_two_backfills_share_the_work(self):
        # more than one of them claims at once
        self.big_site(200, 16 * KIB)
        first = self.start_slow_backfill('--json', '--jobs', '1')
        second = program.start('backfill', *self.site.options, '--json', '--bandwidth', '1M')
        results = [program.finish(first), program.finish(second)]
        for result in results:
            self.assert_code(result, DONE)
        read = [result.object['bytes_read'] for result in results]
        self.assertEqual(sum(read), 32 * 128 * KIB + 200 * 16 * KIB)
        self.assertGreater(min(read), 0)
        self.assert_all_right()

    def test_what_changes_the_schema_waits_for_no_backfill_but_says_that_one_runs(self):
        backfill = self.start_slow_backfill(bandwidth='256K')
        for arguments in (('migrate',), ('expand', '--revert'), ('contract', '--yes'),
                          ('contract', '--revert'), ('contract', '--uninstall', '--yes')):
            with self.subTest(arguments):
                result = self.on_site(*arguments, code=(LOCKED, FAILED))
                # What a gate refuses anyhow may say so first; it must be refused.
                self.assert_one_line(result)
                if arguments != ('expand', '--revert'):
                    self.assertEqual(result.code, LOCKED, str(result))
                    self.assertIn('backfill', result.err)
        status = self.on_site('status', '--json').object
        self.assertEqual([run['command'] for run in status['runs']], ['backfill'])
        self.assertIn('to read', self.on_site('check', code=MIGRATE_DUE).out)
        note = 'another run is at work: backfill on '
        self.assertIn(note, self.on_site('expand').out)
        self.assertIn(note, self.on_site('expand', '--dry-run').out)
        self.assertRegex(self.on_site('expand', '--guard', '--dry-run').out, note + '.*would refuse to run beside it')
        self.assert_code(program.stop(backfill), INTERRUPTED)
        self.on_site('migrate')
        self.assertNotIn(note, self.on_site('expand').out)

    def test_an_image_that_another_run_reads_is_named_and_is_no_success(self):
        if sites.ON_SERVER:
            self.skipTest('nothing in it differs by engine')
        backfill = self.start_slow_backfill(bandwidth='64K')
        image = self.site.database.value('SELECT image_id FROM backglance_item WHERE lease_run IS NOT NULL')
        result = self.on_site('backfill', '--image', image, code=LOCKED)
        self.assertIn('warning: image %s: another run is reading it' % image, result.err)
        self.assertRegex(result.out, r'(?m)^backfill: ended, .*, 1 image being read by another run')
        self.assert_code(program.stop(backfill), INTERRUPTED)

    def test_revert_of_expand_finds_a_backfill_at_work(self):
        # Nothing has a result yet, so that no gate but the run itself is in its way.
        site = sites.SmallSite(self.scratch())
        site.add(b'x' * (4 << 20))
        self.program('expand', *site.options)
        process = program.start('backfill', *site.options, '--bandwidth', '512K')
        program.wait_for(lambda: site.leased() > 0)
        result = self.program('expand', '--revert', *site.options, code=LOCKED)
        self.assert_one_line(result, ['another run is at work: backfill'])
        self.assert_code(program.stop(process), INTERRUPTED)
        self.program('expand', '--revert', *site.options)


class Evidence(sites.SmallSiteTest):
    """Nothing that disagrees is ever published."""

    def setUp(self):
        super().setUp()
        self.on_site('expand')

    def rewrite(self, path, data):
        """As rsync --inplace -t does it: the same file, with the time that it had."""
        before = path.stat()
        with path.open('r+b') as file:
            file.write(data)
        os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))

    def clear(self, image):
        self.site.database.execute('UPDATE images SET checksum = NULL, os_hash_algo = NULL, os_hash_value = NULL'
                                   ' WHERE id = ?', image)

    def test_a_file_rewritten_during_the_read_with_its_time_put_back_gets_no_hash(self):
        image = self.site.add(b'a' * 1024 * KIB, checksum=None)
        process = program.start('backfill', *self.site.options, '--bandwidth', '1M')
        program.wait_for(lambda: self.site.leased() > 0)
        time.sleep(0.3)
        self.rewrite(self.site.path_of(image), b'b' * 1024 * KIB)
        out, _ = process.communicate(timeout=60)
        self.assertRegex(out.decode(), r'changed while read +1 +0 B')
        self.assertRegex(out.decode(), r'(?m)^backfill: ended, .*, 1 image \(1.0 MiB\) left for later$')
        self.assertIn('changed while they were read', self.on_site('check', code=MIGRATE_DUE).out)
        self.assertEqual(self.site.hashes()[image], (None, None, None))

    def test_a_hash_that_verify_contradicted_is_not_published_again(self):
        image = self.site.add(b'as it was')
        wrong = sites.sha512(b'as it was')
        self.on_site('backfill')
        self.rewrite(self.site.path_of(image), b'as it is.')
        self.on_site('verify', code=FINDINGS)
        for arguments in (['--sweep'], ['--image', image], ['--retry-failed'], []):
            with self.subTest(arguments):
                self.clear(image)
                self.on_site('backfill', *arguments)
                self.assertNotEqual(self.site.hashes()[image][1], wrong)
        self.assertEqual(self.site.hashes()[image][1], sites.sha512(b'as it is.'))

    def test_a_location_that_glance_does_not_serve_first_gives_no_hash(self):
        image = self.site.add(location='http://mirror/image', size=11, checksum=None)
        other = self.site.store / 'other'
        other.write_bytes(b'other bytes')
        self.site.add_location(image, 'file://%s' % other)
        result = self.on_site('backfill', code=FINDINGS)
        self.assertRegex(result.out, r'other location +1 +0 B  \*')
        self.assertEqual(self.site.hashes()[image], (None, None, None))
        report = self.on_site('report').out
        self.assertIn('no checksum proves that it holds the image', ' '.join(report.split()))
        self.site.add_legacy_signature(image)
        self.on_site('migrate', '--grace', '0s')
        self.assertIn('1 readable image has no hash',
                      self.on_site('contract', '--yes', code=FAILED).err)

    def test_forget_has_an_image_read_again(self):
        image = self.site.add(b'some bytes')
        self.on_site('backfill')
        self.clear(image)
        self.assertIn('would forget what the ledger holds of 1 image',
                      self.on_site('backfill', '--forget', '--image', image, '--dry-run').out)
        result = self.on_site('backfill', '--forget', '--image', image)
        self.assertRegex(result.out, r'hashed +1 +10 B\nbackfill: complete, 10 B read, forgot what the ledger held of '
                         r'1 image\n')
        never = self.site.add(b'never read')
        result = self.on_site('backfill', '--forget', '--image', never, '--json').object
        self.assertEqual((result['forgotten'], result['classes']['hashed']['images']), (0, 1))
        self.assertEqual(self.site.hashes()[image][1], sites.sha512(b'some bytes'))
        self.assert_one_line(self.on_site('backfill', '--forget', '--image', 'unknown', code=USAGE),
                             ['there is no image \'unknown\''])


class Limits(SlowSiteTest):
    def backfill(self, *arguments, code=DONE):
        return self.on_site('backfill', '--json', *arguments, code=code).object

    def test_limit_counts_images(self):
        result = self.backfill('--limit', '5')
        self.assertEqual((result['end'], result['classes']['hashed']['images']), ('limit', 5))
        self.assertEqual(result['left']['images'], 27)
        self.assertEqual(self.site.leased(), 0)
        self.assertEqual(len(self.published()), 5)

    def test_a_run_reads_no_more_than_max_bytes(self):
        result = self.backfill('--max-bytes', '700K')
        self.assertEqual((result['end'], result['bytes_read']), ('limit', 5 * 128 * KIB))

    def test_max_runtime_ends_the_run(self):
        began = time.monotonic()
        result = self.backfill('--max-runtime', '1s', '--bandwidth', '1M')
        self.assertLess(time.monotonic() - began, 15)
        self.assertEqual(result['end'], 'out_of_time')
        self.assertLess(len(self.published()), 32)
        self.assertEqual(self.site.leased(), 0)

    def test_images_too_large_for_max_runtime_are_named(self):
        largest = self.site.add(b'y' * (4 << 20))
        limits = ('--max-runtime', '2s', '--bandwidth', '1M', '--jobs', '1')
        words = self.on_site('backfill', *limits).out
        self.assertRegex(words, r'too large for this --max-runtime: 1 image, the largest %s of 4\.0 MiB'
                         r' -- next: use a longer --max-runtime, or --image ID' % largest)
        too_large = {'images': 1, 'image_id': largest, 'size': 4 << 20}
        result = self.backfill(*limits)
        self.assertEqual((result['end'], result['too_large']), ('out_of_time', too_large))
        self.assertNotIn(largest, self.published())
        self.assertEqual(self.backfill()['too_large'], None)

        verified = self.on_site('verify', '--json', *limits).object
        self.assertEqual((verified['end'], verified['too_large']), ('out_of_time', too_large))
        compared = verified['classes'].get('verified', {'images': 0})['images']
        self.assertEqual(verified['left']['images'], 33 - compared)
        self.assertIn('not compared', self.on_site('verify', *limits).out)

    def test_an_absurdly_late_end_changes_nothing(self):
        self.assertEqual(self.backfill('--max-runtime', '200000d')['end'], 'complete')

    def test_bandwidth_is_kept(self):
        began = time.monotonic()
        self.backfill('--bandwidth', '2M')
        # 4 MiB at 2 MiB/s, less the first burst and the last chunk, which is waited for before it counts
        self.assertGreater(time.monotonic() - began, 1.5)

    def test_largest_image_is_first(self):
        largest = self.site.add(b'y' * (1 << 20))
        self.backfill('--limit', '1')
        self.assertEqual(set(self.published()), {largest})

    def test_image_option_reads_only_that_image(self):
        wanted = sorted(self.site.hashes())[7]
        self.backfill('--image', wanted)
        self.assertEqual(set(self.published()), {wanted})
        again = self.backfill('--image', wanted)
        self.assertEqual(again['classes'], {'already_done': {'images': 1, 'bytes': 0}})

    def test_unknown_image_is_refused(self):
        result = self.on_site('backfill', '--image', 'no-such-image', code=USAGE)
        self.assert_one_line(result, ['no-such-image'])
        self.assertEqual(self.published(), {})

    def test_sweep_restores_what_glance_erased_without_reading(self):
        self.backfill()
        hashes = self.site.hashes()
        self.site.database.execute('UPDATE images SET os_hash_algo = NULL, os_hash_value = NULL')
        result = self.backfill('--sweep')
        self.assertEqual(result['classes'], {'restored': {'images': 32, 'bytes': 0}})
        self.assertEqual(result['bytes_read'], 0)
        self.assertEqual(self.site.hashes(), hashes)

    def test_a_dry_sweep_says_what_it_would_restore(self):
        self.backfill()
        self.site.database.execute('UPDATE images SET os_hash_algo = NULL, os_hash_value = NULL')
        self.site.add(b'late')
        result = self.on_site('backfill', '--sweep', '--dry-run')
        self.assertEqual(result.out, 'would restore 32 hashes and read no image\n')
        self.assertEqual(self.backfill('--sweep', '--dry-run'), {
            'dry_run': True, 'images': 0, 'bytes': 0, 'unknown_size': 0, 'failed_before': 0, 'to_restore': 32, 'stores': []})

    def test_sync_takes_the_options_of_migrate_and_backfill(self):
        image_id = self.site.add(b'signed')
        self.site.add_legacy_signature(image_id)
        path = self.site.path_of(image_id)
        path.rename(path.with_suffix('.away'))
        self.sync('--tag', 'old', code=FINDINGS)
        self.assertEqual(self.site.database.rows('SELECT value FROM image_tags'), [('old',)])
        path.with_suffix('.away').rename(path)
        result = self.sync('--retry-failed', '--json').object
        self.assertEqual(result['backfill']['classes'], {'hashed': {'images': 1, 'bytes': 6}})

    def test_a_new_image_is_found_by_the_backfill_itself(self):
        self.backfill()
        late = self.site.add(b'late')
        self.assertEqual(self.backfill()['queued'], 1)
        self.assertEqual(self.published()[late], sites.sha512(b'late'))

    def test_file_replaced_by_another_is_read_again_after_glance_erased_the_hash(self):
        self.backfill()
        image_id = sorted(self.site.hashes())[3]
        path = self.site.path_of(image_id)
        data = path.read_bytes()
        path.unlink()
        path.write_bytes(data)
        self.site.database.execute('UPDATE images SET os_hash_value = NULL WHERE id = ?', image_id)
        result = self.backfill()
        self.assertEqual(result['bytes_read'], 128 * KIB)
        self.assertEqual(self.published()[image_id], sites.sha512(data))


if __name__ == '__main__':
    program.main()
