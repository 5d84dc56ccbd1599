# The game of TestPlay. $STEP says what the player does; what the game sees goes to $REPORT, and what the player sees to $SHOTS.
# The player types and clicks in my_login.rpy, which is README.md's.

define config.save_directory = "renpyctl-playtest"
define config.pause_after_rollback = True    # so that a loaded save is seen, too
default place = "nowhere"
default persistent.ending = False

init python:
    import json
    import os
    from renpy.test import testast, testexecution

    step, player, password = os.environ["STEP"], os.environ["PLAYER"], os.environ["PASSWORD"]
    said = []    # by the screen, from first to last

    def shot(name=os.environ["SHOT"]):
        renpy.screenshot(os.path.join(os.environ["SHOTS"], name + ".png"))

    def report():
        with open(os.environ["REPORT"], "w") as f:
            json.dump({
                "place": place, "ending": persistent.ending, "saves": renpy.list_saved_games(fast=True),
                "said": said, "loggedIn": renpy_cloud.is_authenticated(),
            }, f)

    class Look(testast.Node):
        """Waits until the screen says something that is not yet noted."""

        def start(self):
            return True

        def execute(self, state, t):
            now = renpy.get_screen("my_login").scope["form"]["said"]
            if not now or now in said:
                return state
            said.append(now)

    class End(testast.Node):
        def start(self):
            shot()
            report()
            renpy.quit()

    def types(text):
        return testast.Type(("script.rpy", 0), list(text))

    def clicks(words):
        return testast.Click(("script.rpy", 0), words)

    look, end = Look(("script.rpy", 0)), End(("script.rpy", 0))
    form = [types(player), clicks("Password: ")]
    testexecution.node = testast.Block(("script.rpy", 0), {
        "sign up": form + [types(password[:4]), clicks("Sign up"), look, types(password[4:]), clicks("Sign up"), look, end],
        "stay away": [clicks("Play without the cloud")],
    }.get(step, form + [types(password[:-1]), clicks("Log in"), look, types(password[-1:]), clicks("Log in")]))

label main_menu:
    if step == "load":
        $ renpy.load("1-1")
    return

label start:
    if step == "stay away":
        show text "Nobody is logged in."
        pause 0.3
        $ shot()
        $ report()
        $ renpy.quit()
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
