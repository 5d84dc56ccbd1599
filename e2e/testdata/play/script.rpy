# The game of TestPlay. $STEP says what the player does; what the game sees goes to $REPORT, and what the player sees to $SHOTS.

define config.save_directory = "renpyctl-playtest"
define config.pause_after_rollback = True    # so that a loaded save is seen, too
default place = "nowhere"
default persistent.ending = False

init python:
    import json
    import os

    step, player, password = os.environ["STEP"], os.environ["PLAYER"], os.environ["PASSWORD"]

    def shot():
        renpy.screenshot(os.path.join(os.environ["SHOTS"], os.environ["SHOT"] + ".png"))

    def report():
        with open(os.environ["REPORT"], "w") as f:
            json.dump({"place": place, "ending": persistent.ending, "saves": renpy.list_saved_games(fast=True)}, f)

label before_main_menu:
    if step == "sign up":
        $ renpy_cloud.signup(player, password)
        show text "[player] has signed up. A mail has the link that confirms the address."
        pause 0.3
        $ shot()
        $ report()
        $ renpy.quit()
    $ renpy_cloud.login(player, password)
    $ cloud_saves.sync_at_main_menu(player)
    return

label main_menu:
    if step == "load":
        $ renpy.load("1-1")
    return

label start:
    $ place = "the bridge"
    $ persistent.ending = True
    show text "You stand on [place], at night."
    pause 0.3
    # A save that is loaded goes on here.
    if step == "save":
        $ renpy.save("1-1")
    pause 0.3
    $ shot()
    $ report()
    $ renpy.quit()
