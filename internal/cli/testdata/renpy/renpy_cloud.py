"""
Stands for the client that games ship. The cloud is a folder, $FAKE_CLOUD, with a folder for each player; the plan is
the one of docs/protocol.md for what these tests do. It appends each plan it asks for to the folder's file `plans`.
"""

import hashlib
import os
import shutil

settings = {}
player = None

# What goes wrong: "" nothing, "raise", "false" (no sync, no exception), "transfers" (each fails, the sync "succeeds").
trouble = ""


def configure(**given):
    settings.update(given)


def login(email, password):
    global player
    player = email
    return True


def logout():
    global player
    player = None


def is_authenticated():
    return player is not None


def force_sync(save_dir=None):
    if player is None:
        return False
    if trouble == "raise":
        raise OSError("https://example.com/?X-Amz-Security-Token=secret")
    if trouble == "false":
        return False
    if save_dir is None:
        import renpy
        save_dir = renpy.config.savedir

    cloud = os.path.join(os.environ["FAKE_CLOUD"], player)
    os.makedirs(cloud, exist_ok=True)
    listed = _manifest(save_dir)
    if not listed:
        return True
    uploads, downloads = [], []
    for name in listed:
        here, there = os.path.join(save_dir, name), os.path.join(cloud, name)
        if not os.path.exists(there):
            uploads.append(name)
        elif _checksum(here) != _checksum(there):
            (downloads if os.path.getmtime(here) < os.path.getmtime(there) else uploads).append(name)
    slots = [name for name in listed if name != "persistent"]
    downloads += [name for name in os.listdir(cloud) if name not in listed and (name == "persistent" or not slots)]

    with open(os.path.join(os.environ["FAKE_CLOUD"], "plans"), "a") as f:
        seen = os.path.getmtime(os.path.join(save_dir, "persistent")) if "persistent" in listed else None
        f.write("%s %s up=%s down=%s\n" % (player, seen, ",".join(sorted(uploads)), ",".join(sorted(downloads))))
    if trouble == "transfers":
        return True
    for name in uploads:
        shutil.copy2(os.path.join(save_dir, name), os.path.join(cloud, name))
    for name in downloads:
        with open(os.path.join(cloud, name), "rb") as source, open(os.path.join(save_dir, name), "wb") as target:
            target.write(source.read())    # the time becomes now
    return True


def _manifest(save_dir):
    """`persistent`, and what begins with the number of the newest numbered save."""
    names = os.listdir(save_dir)
    numbered = [n for n in names if n.endswith(".save") and n.split("-")[0].isdigit()]
    listed = ["persistent"] if "persistent" in names else []
    if numbered:
        newest = max(numbered, key=lambda n: os.path.getmtime(os.path.join(save_dir, n)))
        listed += sorted(n for n in names if n.startswith(newest.split("-")[0] + "-"))
    return listed


def _checksum(path):
    with open(path, "rb") as f:
        return hashlib.sha256(f.read()).hexdigest()
