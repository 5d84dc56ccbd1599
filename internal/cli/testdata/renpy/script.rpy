# The game of TestRenpy. It is told what to do by the environment, and writes what it sees at the main menu to $REPORT.

define config.save_directory = "renpyctl-test"
default persistent.ending = False

init python:
    import json
    import os

    player = os.environ["PLAYER"]
    renpy_cloud.trouble = os.environ.get("TROUBLE", "")
    if os.environ.get("NAIVE"):
        # The syncs that the client's own documentation has.
        config.quit_callbacks.append(renpy_cloud.force_sync)

label before_main_menu:
    python:
        renpy_cloud.login(player, "password")
        if os.environ.get("NAIVE"):
            renpy_cloud.force_sync()
        else:
            cloud_saves.sync_at_main_menu(player)
    return

label main_menu:
    python hide:
        renpy_cloud.trouble = ""    # the network is back before the game quits
        with open(os.environ["REPORT"], "w") as f:
            json.dump({
                "ending": persistent.ending, "device": persistent.device, "chapter": bool(renpy.seen_label("chapter")),
                "synced": cloud_saves.has_synced(player), "saves": renpy.list_saved_games(fast=True),
            }, f)
        if os.environ["DO"] == "quit":
            renpy.quit()
    return

label start:
    jump chapter

label chapter:
    pause 0.2
    $ persistent.ending = persistent.ending or os.environ["DO"] == "ending"
    $ persistent.device = os.environ["DEVICE"]
    $ renpy.save("1-1")
    $ renpy.quit()
