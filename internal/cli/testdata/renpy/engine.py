"""
Stands for Ren'Py: as much of renpy.persistent, of the save folder and of savetoken as the printed block touches, with
the rules of Ren'Py 8 (the field that changed last wins; saving merges first; keys since 8.1).
The test with the real engine is TestRenpy in renpy_test.go.
"""

import copy
import os
import pickle
import sys
import time
import types
import zlib


class Persistent(object):
    def __init__(self):
        self._changed = {}
        self._seen_ever = {}

    def __getattr__(self, name):
        if name.startswith("__"):
            raise AttributeError(name)
        return None

    def __getstate__(self):
        return self.__dict__

    def __setstate__(self, state):
        self.__dict__.update(state)


class Engine(object):
    """One start of the game on one device."""

    def __init__(self, savedir, key=None, trusted=(), fresh=False):
        self.savedir, self.calls = savedir, []
        self.key = key                                   # this device's, or None before Ren'Py 8.1
        self.fresh = fresh                               # 8.1's first start takes everybody's `persistent`
        os.makedirs(savedir, exist_ok=True)
        self.verifying_keys = [key] + list(trusted)
        self.persistent = self.load(self.file()) or Persistent()
        self.backup = {k: copy.deepcopy(v) for k, v in vars(self.persistent).items()}

        self.config = types.SimpleNamespace(savedir=savedir, start_callbacks=[], quit_callbacks=[])
        self.renpy = types.ModuleType("renpy")
        self.renpy.config = self.config
        self.renpy.persistent = types.SimpleNamespace(
            backup=self.backup, find_changes=self.find_changes, load=self.load, merge=self.merge)
        self.renpy.loadsave = types.SimpleNamespace(location=types.SimpleNamespace(scan=lambda: self.calls.append("scan")))
        self.renpy.save_persistent = self.save
        self.renpy.restart_interaction = lambda: self.calls.append("restart_interaction")
        if key is not None:
            self.renpy.savetoken = types.SimpleNamespace(
                verifying_keys=self.verifying_keys, get_keys_from_signatures=lambda text: [text.encode()] if text else [])
        self.store = types.ModuleType("store")
        self.store.config, self.store.persistent = self.config, self.persistent

    def run(self, block, **defaults):
        """Runs the block and the game's `default persistent.x = ...`, as at a start. Returns its two stores."""
        sys.modules["renpy"], sys.modules["store"] = self.renpy, self.store
        stores, code = {}, {}
        for line in block.splitlines():
            if line.startswith("init python"):
                name = line[len("init python"):].rstrip(":").replace(" in ", "").strip()
                code.setdefault(name, []).append("if True:")
            elif line.startswith(" "):
                code[name].append(line)
            elif line and not line.startswith("#"):
                raise SyntaxError("not of an init python block: " + line)
        for name, lines in code.items():
            stores[name] = {"renpy": self.renpy, "__name__": "store." + name}
            exec(compile("\n".join(lines), "cloud_config.rpy", "exec"), stores[name])
        for field, value in defaults.items():
            if getattr(self.persistent, field) is None:
                setattr(self.persistent, field, value)
        for callback in self.config.start_callbacks:
            callback()
        return types.SimpleNamespace(**stores["cloud_saves"])

    def quit(self):
        self.save()
        for callback in self.config.quit_callbacks:
            callback()

    def file(self):
        return os.path.join(self.savedir, "persistent")

    def load(self, path):
        self.calls.append("load")
        try:
            with open(path, "rb") as f:
                stream = zlib.decompressobj()
                state = pickle.loads(stream.decompress(f.read()))
        except Exception:
            return None
        if self.key is not None and not self.fresh and stream.unused_data not in self.verifying_keys:
            return None
        rv = Persistent()
        rv.__dict__.update(state)
        return rv

    def find_changes(self):
        now, fields = time.time(), vars(self.persistent)
        for f in set(fields) | set(self.backup):
            if f != "_changed" and fields.get(f) != self.backup.get(f):
                self.persistent._changed[f] = now
                self.backup[f] = copy.deepcopy(fields.get(f))

    def merge(self, other):
        self.calls.append("merge")
        mine, theirs = vars(self.persistent), vars(other)
        for f in set(mine) | set(theirs):
            if f == "_changed" or mine.get(f) == theirs.get(f):
                continue
            if f == "_seen_ever":
                mine[f].update(theirs[f])
            elif mine["_changed"].get(f, 0) < theirs["_changed"].get(f, 0):
                mine[f], mine["_changed"][f] = theirs[f], theirs["_changed"][f]
            self.backup[f] = copy.deepcopy(mine[f])

    def save(self):
        self.calls.append("save")
        self.find_changes()
        with open(self.file(), "wb") as f:
            f.write(zlib.compress(pickle.dumps(vars(self.persistent))) + (self.key or b""))
