"""
Tests of the block that `renpyctl config renpy` prints; $BLOCK is the file with it. TestIntegration in renpy_test.go
runs them, and TestIntegrationTestsFail shows that each fails when the block is without what it tests.
"""

import contextlib
import io
import os
import shutil
import tempfile
import time
import unittest

import renpy_cloud
from engine import Engine

with open(os.environ["BLOCK"]) as f:
    BLOCK = f.read()

TRUST = "# session.trust_own_devices = True"


class Test(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.dir)
        os.environ["FAKE_CLOUD"] = os.path.join(self.dir, "cloud")
        renpy_cloud.trouble = ""
        renpy_cloud.logout()

    def start(self, device, block=BLOCK, **engine):
        """A start of the game on a device, with a default as games have them."""
        self.engine = Engine(os.path.join(self.dir, device), **engine)
        self.game = self.engine.run(block, ending=False)
        return self.engine.persistent

    def sync(self, email="a@example.com"):
        """What the player sees printed is returned."""
        renpy_cloud.login(email, "password")
        self.engine.calls.clear()
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.game.sync_at_main_menu(email)
        return out.getvalue()

    def quit(self):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.engine.quit()
        renpy_cloud.logout()
        return out.getvalue()

    def plans(self):
        """The plans asked for since the last call: (player, time of persistent, what goes up, what comes down)."""
        path = os.path.join(os.environ["FAKE_CLOUD"], "plans")
        if not os.path.exists(path):
            return []
        with open(path) as f:
            lines = [line.split() for line in f]
        os.remove(path)
        return [(who, float(at), up[3:], down[5:]) for who, at, up, down in lines]

    def cloud(self, email="a@example.com"):
        """What a game would read out of the cloud's `persistent`."""
        return Engine(os.path.join(os.environ["FAKE_CLOUD"], email)).persistent

    def progress_of_another_device(self, **engine):
        persistent = self.start("A", **engine)
        self.sync()
        persistent.ending, persistent._seen_ever["chapter 1"] = True, True
        self.quit()
        self.assertIs(self.cloud().ending, True)
        self.plans()

    # ---- a device's first sync

    def test_configure_is_told_to_give_up_after_ten_seconds(self):
        self.start("A")
        self.assertEqual(renpy_cloud.settings["timeout_seconds"], 10)

    def test_new_device_fetches_and_merges(self):
        self.progress_of_another_device()
        persistent = self.start("B")
        persistent.of_b = "kept"
        self.sync()
        self.assertEqual(self.plans(), [("a@example.com", 2.0, "", "persistent")])
        self.assertIs(persistent.ending, True)
        self.assertEqual(persistent._seen_ever, {"chapter 1": True})
        self.assertEqual(persistent.of_b, "kept")
        self.quit()
        self.assertEqual((self.cloud().ending, self.cloud().of_b), (True, "kept"))

    def test_it_is_merged_and_saved_before_the_game_goes_on(self):
        self.progress_of_another_device()
        self.start("B")
        self.sync()
        calls = self.engine.calls
        self.assertIn("merge", calls)
        self.assertEqual(calls[-3:], ["scan", "save", "restart_interaction"])
        # A game killed at this point has the progress on its disk, with a time of today.
        self.assertIs(Engine(self.engine.savedir).persistent.ending, True)
        self.assertGreater(os.path.getmtime(self.engine.file()), time.time() - 60)

    def test_first_device_of_a_player_sends_and_gets_it_back(self):
        self.start("A")
        self.sync()
        self.assertEqual(self.plans(), [("a@example.com", 2.0, "persistent", ""), ("a@example.com", 1.0, "", "persistent")])
        self.assertTrue(self.game.has_synced("a@example.com"))

    def test_second_start_keeps_the_time_of_the_file(self):
        self.progress_of_another_device()
        self.start("A")
        before = os.path.getmtime(self.engine.file())
        self.sync()
        self.assertEqual(self.plans(), [("a@example.com", before, "", "")])
        self.assertEqual(os.path.getmtime(self.engine.file()), before)

    def test_second_start_sends_what_could_not_be_sent_at_quit(self):
        self.progress_of_another_device()
        persistent = self.start("A")
        persistent.offline = True
        self.quit()
        self.start("A")
        self.sync()
        self.assertEqual(self.plans()[0][2:], ("persistent", ""))
        self.assertIs(self.cloud().offline, True)

    def test_file_written_before_the_sync_is_not_taken_for_newer(self):
        # A game that remembers the e-mail address at login would else send its old state over what is in the cloud.
        self.progress_of_another_device()
        self.start("B")
        self.sync()
        self.quit()
        persistent = self.start("A")
        persistent.more = True
        self.sync()
        self.quit()
        self.plans()
        persistent = self.start("B")
        persistent.email = "a@example.com"
        self.engine.save()
        self.sync()
        self.assertEqual(self.plans()[0][2:], ("", "persistent"))
        self.assertIs(persistent.more, True)

    def test_defaults_do_not_win_over_progress(self):
        self.progress_of_another_device()
        self.start("B")              # offline, and after the progress was made
        self.quit()
        persistent = self.start("B")
        self.sync()
        self.assertIs(persistent.ending, True)
        persistent.ending = False    # but what the player does here counts
        self.quit()
        persistent = self.start("A")
        self.sync()
        self.assertIs(persistent.ending, False)

    def test_once_per_start(self):
        self.start("A")
        self.sync()
        self.plans()
        self.sync()
        self.sync(" A@Example.com ")    # Cognito's names are the same in capitals
        self.assertEqual(self.plans(), [])

    # ---- whose device it is

    def test_mark_of_one_device_is_none_on_another(self):
        # B comes by a copy of A's persistent, with A's mark in it, other than by this sync.
        self.progress_of_another_device()
        os.makedirs(os.path.join(self.dir, "B"))
        shutil.copy(os.path.join(self.dir, "A", "persistent"), os.path.join(self.dir, "B", "persistent"))
        self.start("A")
        self.assertTrue(self.game.has_synced("a@example.com"))
        self.start("B")
        self.assertFalse(self.game.has_synced("a@example.com"))
        self.sync()
        self.assertEqual(self.plans()[0][1], 2.0)

    def test_lost_persistent_makes_a_new_device(self):
        self.progress_of_another_device()
        with open(os.path.join(self.dir, "A", "persistent"), "wb") as f:
            f.write(b"cut short")
        persistent = self.start("A")
        self.assertFalse(self.game.has_synced("a@example.com"))
        self.sync()
        self.assertIs(persistent.ending, True)
        self.quit()
        self.assertIs(self.cloud().ending, True)

    def test_two_devices_keep_their_marks(self):
        self.progress_of_another_device()
        for device in ("B", "A", "B", "A"):
            persistent = self.start(device)
            self.sync()
            setattr(persistent, "played_on_" + device, True)
            self.quit()
        for device in ("A", "B"):
            self.start(device)
            self.assertTrue(self.game.has_synced("a@example.com"), device)
        self.assertEqual((self.cloud().played_on_A, self.cloud().played_on_B), (True, True))

    def test_mark_is_of_one_account(self):
        self.progress_of_another_device()                     # of a@, on A
        persistent = self.start("C")                          # of b@, on C
        self.sync("b@example.com")
        persistent.of_second_player = True
        self.quit()
        self.plans()
        self.start("A")
        self.sync("a@example.com")
        self.quit()
        self.plans()
        persistent = self.start("A")
        self.sync("b@example.com")
        self.assertEqual([p[:2] for p in self.plans()], [("b@example.com", 2.0)])
        self.assertIs(persistent.of_second_player, True)
        self.quit()
        self.assertEqual([p[0] for p in self.plans()], ["b@example.com"])

    def test_mark_is_of_one_backend(self):
        self.progress_of_another_device()
        self.start("A", BLOCK.replace(renpy_cloud.settings["cognito_user_pool_id"], "another_pool"))
        self.assertFalse(self.game.has_synced("a@example.com"))

    def test_file_of_the_device_is_never_sent(self):
        self.progress_of_another_device()
        with open(os.path.join(self.dir, "A", "1-1-LT1.save"), "w") as f:
            f.write("a save")
        self.start("A")
        self.sync()
        self.quit()
        self.assertEqual(sorted(os.listdir(os.path.join(self.dir, "A"))), ["1-1-LT1.save", "persistent", "renpy_cloud_device"])
        self.assertEqual(sorted(os.listdir(os.path.join(self.dir, "cloud", "a@example.com"))), ["1-1-LT1.save", "persistent"])

    def test_account_is_not_readable_in_persistent(self):
        self.progress_of_another_device()
        self.assertNotIn("example.com", repr(vars(self.start("A"))))

    # ---- what goes wrong

    def test_trouble_never_reaches_the_player(self):
        self.progress_of_another_device()
        for trouble in ("raise", "false"):
            with self.subTest(trouble):
                renpy_cloud.trouble = trouble
                persistent = self.start("B")
                printed = self.sync()
                self.assertIn("cloud saves: the sync at the main menu failed", printed)
                self.assertNotIn("secret", printed)
                self.assertNotIn("https", printed)
                self.assertFalse(self.game.has_synced("a@example.com"))
                self.assertGreater(os.path.getmtime(self.engine.file()), time.time() - 60)
                persistent.played = True
                self.quit()
        renpy_cloud.trouble = ""
        self.assertIs(self.cloud().ending, True)

    def test_trouble_at_quit_never_reaches_the_player(self):
        self.start("A")
        self.sync()
        renpy_cloud.trouble = "raise"
        printed = self.quit()
        self.assertIn("cloud saves: the sync at quit failed (OSError)", printed)
        self.assertNotIn("secret", printed)

    def test_failed_download_is_no_sync(self):
        self.progress_of_another_device()
        renpy_cloud.trouble = "transfers"
        self.start("B")
        self.sync()
        self.assertFalse(self.game.has_synced("a@example.com"))
        renpy_cloud.trouble = ""
        self.plans()
        self.quit()
        self.assertEqual(self.plans(), [])
        self.assertIs(self.cloud().ending, True)

    def test_broken_client_never_reaches_the_player(self):
        def broken():
            raise KeyError("token")
        whole = renpy_cloud.is_authenticated
        self.addCleanup(setattr, renpy_cloud, "is_authenticated", whole)
        self.start("A")
        renpy_cloud.is_authenticated = broken
        self.assertIn("failed (KeyError)", self.sync())
        self.quit()

    def test_engine_that_has_changed_never_reaches_the_player(self):
        self.engine = Engine(os.path.join(self.dir, "A"))
        del self.engine.renpy.persistent.backup
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.game = self.engine.run(BLOCK)
        self.assertIn("the preparation at start failed (AttributeError)", out.getvalue())
        del self.engine.renpy.loadsave
        self.assertIn("the sync at the main menu failed (AttributeError)", self.sync())
        self.quit()

    def test_time_that_cannot_be_set_sends_nothing(self):
        self.progress_of_another_device()
        self.start("B")
        self.game.os.utime, whole = lambda *a: None, os.utime
        self.addCleanup(setattr, os, "utime", whole)
        self.sync()
        os.utime = whole
        self.assertEqual(self.plans(), [])
        self.quit()
        self.assertIs(self.cloud().ending, True)

    # ---- quit

    def test_quit_without_the_mark_does_nothing(self):
        self.progress_of_another_device()
        self.start("B")
        renpy_cloud.login("a@example.com", "password")
        self.engine.quit()
        self.assertEqual(self.plans(), [])

    def test_quit_after_logging_out_does_nothing(self):
        self.start("A")
        self.sync()
        self.plans()
        renpy_cloud.logout()
        renpy_cloud.force_sync, whole = lambda: self.fail("synced"), renpy_cloud.force_sync
        self.addCleanup(setattr, renpy_cloud, "force_sync", whole)
        self.assertEqual(self.quit(), "")

    def test_quit_with_the_mark_sends(self):
        persistent = self.start("A")
        self.sync()
        self.plans()
        persistent.ending = True
        self.quit()
        self.assertEqual([p[2:] for p in self.plans()], [("persistent", "")])
        self.assertIs(self.cloud().ending, True)

    def test_not_logged_in_does_nothing(self):
        self.start("A")
        self.game.sync_at_main_menu("a@example.com")
        self.assertEqual(self.plans(), [])
        self.sync()    # logged in later
        self.assertTrue(self.plans())

    # ---- the choice, with the keys of Ren'Py 8.1 and later

    def test_trust_is_off(self):
        self.progress_of_another_device(key=b"key of A")
        persistent = self.start("B", key=b"key of B")
        self.assertIn("a device that this one does not trust", self.sync())
        self.assertEqual(self.engine.verifying_keys, [b"key of B"])
        self.assertIs(persistent.ending, False)
        # What B cannot read it does not overwrite.
        self.assertFalse(self.game.has_synced("a@example.com"))
        self.quit()
        self.assertIs(self.cloud().ending, True)

    def test_first_start_needs_no_trust(self):
        self.progress_of_another_device(key=b"key of A")
        persistent = self.start("B", key=b"key of B", fresh=True)
        self.sync()
        self.assertIs(persistent.ending, True)

    def test_trust_when_chosen(self):
        self.assertEqual(BLOCK.count(TRUST), 1)
        chosen = BLOCK.replace(TRUST, TRUST[2:])
        self.progress_of_another_device(key=b"key of A")
        persistent = self.start("B", chosen, key=b"key of B")
        self.sync()
        self.assertIs(persistent.ending, True)
        self.assertEqual(self.engine.verifying_keys, [b"key of B", b"key of A"])
        self.quit()
        # A later start knows A's key without a sync, for its saves.
        self.start("B", chosen, key=b"key of B")
        self.assertEqual(self.engine.verifying_keys, [b"key of B", b"key of A"])
        # And a third device, which fetches from B, learns of A too.
        self.start("C", chosen, key=b"key of C")
        self.sync()
        self.assertEqual(sorted(self.engine.verifying_keys), [b"key of A", b"key of B", b"key of C"])

    def test_trust_before_there_were_keys(self):
        self.progress_of_another_device()
        persistent = self.start("B", BLOCK.replace(TRUST, TRUST[2:]))
        self.sync()
        self.assertIs(persistent.ending, True)


if __name__ == "__main__":
    unittest.main()
