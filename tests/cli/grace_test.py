#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The grace periods of single owners: what migrate and sync set, keep and say."""

import program
import sites

DAY = 86400
OPTION = '--owner-grace'


class OwnerGrace(sites.SmallSiteTest):
    def add(self, owner, count=1):
        ids = [self.site.add(b'signed', owner=owner) for _ in range(count)]
        for image_id in ids:
            self.site.add_legacy_signature(image_id)
        return ids

    def days(self):
        return {row[0]: (row[1] - row[2]) / DAY for row in self.site.database.rows(
            'SELECT image_id, deadline_at, flagged_at FROM backglance_signature')}

    def lines(self, result):
        return [line for line in result.out.splitlines() if line.startswith('owner ')]

    def test_each_owner_has_a_grace_and_keeps_the_first_dates(self):
        slow, quick, other = self.add('slow', 2), self.add('quick'), self.add('other')
        unsigned = self.site.add(owner='unsigned')
        self.on_site('expand')
        graces = (OPTION, 'slow=52w', OPTION, 'quick=7d', OPTION, 'unsigned=1d', OPTION, 'nobody\n=1d')
        said = ['owner nobody\\x0a: this owner has no images',
                'owner quick: 1 image %s a grace period of 7 d 0 h',
                'owner slow: 2 images %s a grace period of 364 d 0 h',
                'owner unsigned: no image with a deprecated signature']
        dry = self.on_site('migrate', '--dry-run', *graces)
        self.assertEqual(self.lines(dry), [line.replace('%s', 'would get') for line in said])
        self.assertEqual(self.days(), {})
        result = self.on_site('migrate', '--grace', '90d', *graces)
        self.assertEqual(self.lines(result), [line.replace('%s', 'got') for line in said])
        dates = {slow[0]: 364, slow[1]: 364, quick[0]: 7, other[0]: 90}
        self.assertEqual(self.days(), dates)
        self.assertNotIn(unsigned, dates)

        # Another grace, an owner who is named only now, and an image that came since.
        late = self.add('other')
        result = self.on_site('migrate', OPTION, 'slow=1d', OPTION, 'other=30d')
        self.assertEqual(self.lines(result), ['owner other: 1 image got a grace period of 30 d 0 h',
                                              'owner other: 1 image keeps its earlier deadline',
                                              'owner slow: 2 images keep their earlier deadlines'])
        self.assertEqual(self.days(), {**dates, late[0]: 30})
        told = self.on_site('migrate', '--json', OPTION, 'other=30d').object['owners']
        self.assertEqual(told, [{'owner': 'other', 'grace_seconds': 30 * DAY, 'dated': 0, 'kept': 2,
                                 'has_images': True}])
        self.assertEqual(self.on_site('migrate', '--json').object['owners'], [])

    def test_sync_accepts_the_option_anywhere_and_leaves_the_next_word_alone(self):
        quick, other = self.add('a=b'), self.add('other')
        result = self.program(OPTION, 'a=b=7d', 'sync', *self.site.options, code=program.USAGE)
        self.assertIn(OPTION, result.err)
        dry = self.program('sync', OPTION, 'a=b=7d', '--dry-run', '--json', *self.site.options).object
        self.assertEqual([one['dated'] for one in dry['migrate']['owners']], [1])
        result = self.program('sync', OPTION, 'a=b=7d', '--json', *self.site.options, cwd=self.site.directory)
        self.assertEqual([one['dated'] for one in result.object['migrate']['owners']], [1])
        self.assertEqual(self.days(), {quick[0]: 7, other[0]: 180})


if __name__ == '__main__':
    program.main()
