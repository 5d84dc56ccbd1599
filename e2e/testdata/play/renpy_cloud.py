"""
Stands for the client that games ship: what it says to Cognito, the API and S3, and what it does to the save folder. It is
internal/gameclient in Python, so that the real engine can call it.
"""

import hashlib
import json
import os
import urllib.error
import urllib.request


class RenpyCloudError(Exception):
    pass


settings = {}
token = None


def configure(**given):
    settings.update(given)


def signup(username, password, email):
    cognito("SignUp", Username=username, Password=password, UserAttributes=[{"Name": "email", "Value": email}])


def login(username, password):
    global token
    answer = cognito("InitiateAuth", AuthFlow="USER_PASSWORD_AUTH", AuthParameters={"USERNAME": username, "PASSWORD": password})
    token = answer["AuthenticationResult"]["AccessToken"]


def is_authenticated():
    return token is not None


def force_sync(save_dir=None):
    import renpy
    folder = save_dir or renpy.config.savedir
    listed = manifest(folder)
    if not listed:
        return True
    plan = api("/sync/plan", manifest=listed)
    transfers = [(t["filename"], t["upload_url"], None) for t in plan["uploads"]]
    transfers += [(t["filename"], None, t["download_url"]) for t in plan["downloads"]]
    transfers += [(t["filename"], t.get("upload_url"), t.get("download_url")) for t in plan["conflicts"]]
    for name, there, here in transfers:
        path = os.path.join(folder, name)
        if there:
            with open(path, "rb") as f:
                send("PUT", there, f.read(), {"Content-Type": "application/octet-stream"})
        elif here:
            content = send("GET", here)
            with open(path, "wb") as f:
                f.write(content)
    if transfers:
        api("/sync/complete", success=True, error=None)
    return True


def manifest(folder):
    """`persistent`, and what begins with the number of the newest numbered save."""
    names = os.listdir(folder)
    numbered = [n for n in names if n.endswith(".save") and n.split("-")[0].isdigit()]
    listed = ["persistent"] if "persistent" in names else []
    if numbered:
        newest = max(numbered, key=lambda n: os.path.getmtime(os.path.join(folder, n)))
        listed += [n for n in names if n.startswith(newest.split("-")[0] + "-")]
    entries = {}
    for name in listed:
        path = os.path.join(folder, name)
        with open(path, "rb") as f:
            content = f.read()
        entries[name] = {
            "path": name, "size": len(content), "modified_timestamp": os.path.getmtime(path),
            "checksum": hashlib.sha256(content).hexdigest(),
        }
    return entries


def cognito(action, **fields):
    try:
        return post("https://cognito-idp.%s.amazonaws.com/" % settings["aws_region"], {
            "Content-Type": "application/x-amz-json-1.1", "X-Amz-Target": "AWSCognitoIdentityProviderService." + action,
        }, ClientId=settings["cognito_app_client_id"], **fields)
    except urllib.error.HTTPError as e:
        raise RenpyCloudError(json.load(e)["message"])
    except OSError as e:
        raise RenpyCloudError(str(e))


def api(path, **fields):
    return post(settings["api_base_url"].rstrip("/") + path, {
        "Content-Type": "application/json", "Authorization": "Bearer " + token,
    }, game_id=settings["game_id"], **fields)


def post(address, headers, **fields):
    return json.loads(send("POST", address, json.dumps(fields).encode("utf-8"), headers))


def send(method, address, body=None, headers={}):
    request = urllib.request.Request(address, body, headers, method=method)
    return urllib.request.urlopen(request, timeout=settings["timeout_seconds"]).read()
