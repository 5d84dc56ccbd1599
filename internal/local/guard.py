"""MiniStack behind a guard that knows its callers.

MiniStack takes every request for its owner's. Its owner is also somebody who
has a browser open, and any page in it can send requests to any port of this
computer. So this program puts a guard before MiniStack, in the same process:
there is no second port that would lead around it.

  - No page gets in, nor anything by way of one (a picture, a form, a link),
    unless its origin is in the file "origins".
  - What makes AWS's own calls shows by its signature that it knows the secret
    access key, which renpyctl keeps in the file "secret". So does a pre-signed URL.
  - Unsigned are only the calls that a game makes of AWS, too.

It also stops MiniStack when nobody has used it for long, says what could not be
written, which MiniStack only logs, and mends three things in its CloudFormation.

    guard.py FOLDER SECONDS     the cloud's folder; how long unused until the end
"""

import asyncio
import contextvars
import functools
import gc
import html
import http.server
import json
import logging
import os
import pickle
import re
import signal
import sys
import time
from urllib.parse import parse_qs, quote

import yaml

# A template takes 48 ms to read in Python and 6 in C, and a deploy has it read four times: once is enough.
if yaml.__with_libyaml__:
    yaml.SafeLoader = yaml.CSafeLoader
load_yaml = yaml.load


@functools.lru_cache(maxsize=8)
def pickled_yaml(text, loader):
    return pickle.dumps(load_yaml(text, loader))


def load_yaml_once(stream, Loader):
    return pickle.loads(pickled_yaml(stream, Loader)) if isinstance(stream, str) else load_yaml(stream, Loader)


yaml.load = load_yaml_once

from ministack import app as ministack
from ministack.core import iam_evaluator, persistence, responses, sigv4

FOLDER, UNUSED = sys.argv[1], float(sys.argv[2])
SECRET = os.environ["AWS_SECRET_ACCESS_KEY"]


# --- who is asking ---

# Under another name a page of the web has had itself led here (DNS rebinding). What stands before localhost
# is a bucket's name or an API's.
HERE = re.compile(r"(?:127\.0\.0\.1|\[::1\]|(?P<of>[a-z0-9.-]+\.)?localhost)(?::\d+)?")


def named(headers):
    return HERE.fullmatch(headers.get("host", "").lower())


def from_browser(headers):
    """Whether a page caused the request: browsers say so, and let no page forge it."""
    return "origin" in headers or any(name.startswith("sec-fetch-") for name in headers)


def allowed(origin):
    try:
        with open(os.path.join(FOLDER, "origins")) as file:
            return origin in file.read().split()
    except FileNotFoundError:
        return False


# --- what may be asked without a signature ---

PLAYERS_ACTIONS = {
    "AWSCognitoIdentityProviderService." + name
    for name in (
        "SignUp", "ConfirmSignUp", "ResendConfirmationCode", "InitiateAuth", "RespondToAuthChallenge",
        "ForgotPassword", "ConfirmForgotPassword", "GetUser", "RevokeToken", "GlobalSignOut",
    )
}
API = re.compile(r"[a-f0-9]+\.execute-api\.")
KEYS_OF_POOL = re.compile(r"/[^/]+/\.well-known/(?:jwks\.json|openid-configuration)")


def public(method, path, headers, query):
    """Whether a game, or a function that checks a token, asks this of AWS unsigned. MiniStack must not take it for
    anything else: it goes by the host, the target, the path, credentials, and the query."""
    host, target = named(headers)["of"], headers.get("x-amz-target")
    if host:
        return API.fullmatch(host) is not None and path.startswith("/sync/")
    if path == "/":
        return method == "POST" and target in PLAYERS_ACTIONS and not query
    if path.startswith("/_aws/execute-api/"):
        return ministack._parse_execute_api_url(headers["host"], path) is not None
    if method != "GET" or query or target or "authorization" in headers:
        return False
    return path == "/_ministack/health" or KEYS_OF_POOL.fullmatch(path) is not None


# --- signatures ---


def secrets_of(key, token):
    """The secrets that a key may have: the cloud's own, and one that its IAM or STS has issued."""
    yield SECRET
    account = responses._account_from_sts_session(key) or iam_evaluator.find_iam_access_key_account(key)
    issued = iam_evaluator.resolve_credential(key, account, token)
    if isinstance(issued, iam_evaluator.ResolvedCredential):
        yield issued.secret_access_key


def signed(scope, headers, query, body):
    presigned = "authorization" not in headers
    signature = sigv4.parse_query_signature(query) if presigned else sigv4.parse_header_signature(headers)
    if not isinstance(signature, sigv4.HeaderSignature):  # but what is wrong with it
        return False
    if presigned:
        # Whoever holds the URL adds headers and a body, which must not lead to another service.
        params = ministack._routing_params(scope["method"], scope["path"], headers, body, query)
        if {signature.service, ministack.detect_service(scope["method"], scope["path"], headers, params)} != {"s3"}:
            return False
        token = query.get("X-Amz-Security-Token", [""])[0]
    elif sigv4.request_time_failure(signature):
        return False
    else:
        token = headers.get("x-amz-security-token", "")
    raw_path = (scope.get("raw_path") or quote(scope["path"]).encode()).decode("latin-1")
    return any(
        sigv4.header_signature_failure(
            signature, secret, scope["method"], raw_path, query, headers, body, presigned=presigned) is None
        for secret in secrets_of(signature.access_key_id, token)
    )


# --- answers ---


async def answer(send, status, headers=(), body=b""):
    await send({"type": "http.response.start", "status": status, "headers": [
        *headers, (b"content-length", str(len(body)).encode())]})
    await send({"type": "http.response.body", "body": body})


async def refuse(send, headers, message, status=403, code="AccessDenied"):
    """An error in the words of the service that was meant, so that an SDK can tell what is wrong."""
    scope = re.search(r"Credential=[^/]+/[^/]+/[^/]+/([^/]+)/", headers.get("authorization", ""))
    service = scope[1] if scope else ""
    if service in ("s3", "cloudformation", "iam", "sts"):
        body = f"<Error><Code>{code}</Code><Message>{html.escape(message)}</Message></Error>"
        body = body if service == "s3" else f"<ErrorResponse>{body}</ErrorResponse>"
        kind = b"application/xml"
    else:
        body, kind = json.dumps({"__type": code, "message": message}), b"application/json"
    await answer(send, status, [(b"content-type", kind), (b"x-amzn-errortype", code.encode())], body.encode())


def shared_with(origin, send):
    """A send whose answers origin may read, and no other page: MiniStack shares everything with everybody."""
    async def shared(message):
        if message["type"] == "http.response.start":
            headers = [h for h in message["headers"] if not h[0].lower().startswith(b"access-control-")]
            message = {**message, "headers": headers + (readable_by(origin) if origin else [])}
        await send(message)

    return shared


def readable_by(origin):
    return [(b"access-control-allow-origin", origin.encode("latin-1")), (b"vary", b"Origin")]


# --- what could not be read or written ---

# MiniStack logs it and goes on, as if it had been (core/persistence.py, services/s3.py).
FAULT = re.compile(r"failed to (?:save|load|persist|restore)|error getting state", re.IGNORECASE)
faults = contextvars.ContextVar("faults")  # the list for what is being done


class Faults(logging.Handler):
    def emit(self, record):
        if FAULT.search(record.getMessage()):
            faults.get([]).append(record.getMessage())


def expect_faults():
    """The list of the faults of what this task does from now on."""
    found = []
    faults.set(found)
    return found


def save():
    """Write everything down, as MiniStack does at its end; what could not be written is returned."""
    found = expect_faults()
    persistence.save_all(ministack._build_persistence_save_dict())
    return found


def written_or_refused(found, headers, send):
    """A send that turns an answer into an error where an object could not be written."""
    refused = False

    async def checked(message):
        nonlocal refused
        if message["type"] == "http.response.start" and found:
            refused = True
            await refuse(send, headers, found[0], 500, "InternalError")
        if not refused:
            await send(message)

    return checked


def watched(receive, send):
    """The start fails where something could not be read, which would be written over at the end. The file "unsaved"
    is there from the start, and stays where something could not be written at the end."""
    unsaved = os.path.join(FOLDER, "unsaved")
    found = expect_faults()

    async def ask():
        message = await receive()
        if message["type"] == "lifespan.shutdown":
            found.clear()
        return message

    async def tell(message):
        if message["type"] == "lifespan.startup.complete":
            try:
                open(unsaved, "w").close()
            except OSError as error:
                found.append(str(error))
            if found:
                print("not started, since what is there would be lost:", *found, sep="\n", flush=True)
                os._exit(1)
            tasks.update(map(asyncio.create_task, (stop_when_unused(), write_at_rest())))
        if message["type"] == "lifespan.shutdown.complete" and not found:
            os.remove(unsaved)
        await send(message)

    return ask, tell


# --- until when ---

used = time.monotonic()  # when somebody last came in
tasks = set()


async def write_at_rest():
    """Writes everything down soon after the last change. By itself MiniStack does so only at its end, and loses all of
    it if it is killed."""
    written = used
    while True:
        await asyncio.sleep(2)
        if used != written and time.monotonic() - used > 1:
            written = used
            save()


async def stop_when_unused():
    while time.monotonic() - used < UNUSED or save():
        await asyncio.sleep(min(UNUSED, 60))
    os.kill(os.getpid(), signal.SIGTERM)


# --- the guard ---

unguarded = ministack.app


async def guarded(scope, receive, send):
    if scope["type"] == "lifespan":
        await unguarded(scope, *watched(receive, send))
    elif scope["type"] == "http":
        await guard(scope, receive, send)
    else:  # a WebSocket, which nothing of ours uses
        await receive()
        await send({"type": "websocket.close", "code": 1008})


async def guard(scope, receive, send):
    global used
    method, path = scope["method"], scope["path"]
    headers = headers_of(scope)
    query = parse_qs(scope["query_string"].decode("utf-8", "replace"), keep_blank_values=True)
    if not named(headers):
        return await refuse(send, headers, f"the local cloud has no name like {headers.get('host', '')!r}")
    origin = headers.get("origin")
    if from_browser(headers) and not allowed(origin):
        return await refuse(send, headers, "a page in a browser comes in only if its origin was allowed: "
                                           "renpyctl local up --allow-origin ORIGIN")
    if origin and "access-control-request-method" in headers:
        return await answer(send, 204, readable_by(origin) + [
            (b"access-control-allow-methods", b"GET, POST, PUT"),
            (b"access-control-allow-headers", headers.get("access-control-request-headers", "").encode("latin-1")),
            (b"access-control-allow-private-network", b"true"),
        ])
    send = shared_with(origin, send)
    if not public(method, path, headers, query):
        body = await whole(receive)
        if body is None:
            return
        if not signed(scope, headers, query, body):
            return await refuse(send, headers, "the local cloud takes what is signed with the secret access key in "
                                               + os.path.join(FOLDER, "secret"))
        if path == "/_renpyctl/save":
            return await answer(send, 200, body=json.dumps({"faults": save()}).encode())
        receive = again(body, receive)
    if CLOUDFORMATION + ".changesets" in sys.modules:  # it is loaded at the first call
        mend_cloudformation()
    if path != "/_ministack/health":
        used = time.monotonic()
    await unguarded(scope, receive, written_or_refused(expect_faults(), headers, send))


def headers_of(scope):
    headers = {}
    for name, value in scope["headers"]:
        name, value = name.decode("latin-1").lower(), sigv4.decode_header_value(value)
        # A header sent on several lines is signed as its values joined by a bare comma.
        headers[name] = f"{headers[name]},{value}" if name in headers else value
    return headers


async def whole(receive):
    """The body of a request; None if it was broken off."""
    body, more = bytearray(), True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        body += message.get("body", b"")
        more = message.get("more_body", False)
    return bytes(body)


def again(body, receive):
    """A receive that gives a body that was read already, then what comes after it."""
    messages = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again():
        return messages.pop() if messages else await receive()

    return receive_again


CLOUDFORMATION = "ministack.services.cloudformation"


@functools.cache
def mend_cloudformation():
    """Has CloudFormation do what MiniStack's forgets: it switches on the recovery of the tables that it makes, counts
    no resource into a change whose condition does not hold, and leaves a stack that is yet to be created the id that
    its first change set has given it: of two runs that create it at once one would wait for a stack of another id."""
    provisioners, changesets = sys.modules[CLOUDFORMATION + ".provisioners"], sys.modules[CLOUDFORMATION + ".changesets"]
    handlers, actions = provisioners._RESOURCE_HANDLERS["AWS::DynamoDB::Table"], sys.modules[CLOUDFORMATION]._ACTION_HANDLERS
    create, resolve = handlers["create"], changesets._resolve_props_for_diff
    create_change_set, new_uuid = actions["CreateChangeSet"], changesets.new_uuid

    def create_recoverable(logical_id, props, stack_name):
        name, attributes = create(logical_id, props, stack_name)
        recovery = props.get("PointInTimeRecoverySpecification", {})
        provisioners._dynamodb._pitr_settings[name] = bool(recovery.get("PointInTimeRecoveryEnabled"))
        return name, attributes

    def resolve_wanted(template, params, stack_name, stack_id):
        resolved = resolve(template, params, stack_name, stack_id)
        if resolved:
            holds = changesets._evaluate_conditions(template, params)
            resources = resolved["Resources"].items()
            resolved["Resources"] = {name: r for name, r in resources if holds.get(r.get("Condition"), True)}
        return resolved

    def create_change_set_of(params):
        stack = sys.modules[CLOUDFORMATION + ".handlers"]._resolve_stack(params.get("StackName", [""])[0])
        if not stack or stack["StackStatus"] != "REVIEW_IN_PROGRESS":
            return create_change_set(params)
        known = [stack["StackId"].rpartition("/")[2]]
        changesets.new_uuid = lambda: known.pop() if known else new_uuid()
        try:
            return create_change_set(params)
        finally:
            changesets.new_uuid = new_uuid

    handlers["create"], changesets._resolve_props_for_diff = create_recoverable, resolve_wanted
    actions["CreateChangeSet"] = create_change_set_of


def guard_runtime_api():
    """Each function has a port of its own, too, where it fetches what it is to do: no page comes in there either."""
    parse = http.server.BaseHTTPRequestHandler.parse_request

    def parse_request(self):
        if not parse(self):
            return False
        headers = {name.lower(): value for name, value in self.headers.items()}
        if named(headers) and not from_browser(headers):
            return True
        self.send_error(403)
        return False

    http.server.BaseHTTPRequestHandler.parse_request = parse_request


# The collector looks through all that MiniStack has loaded, 100 ms long, after every twentieth answer as long as a
# template. What is there now stays for good, so it need not be looked at again, and the rest not as often.
gc.freeze()
gc.set_threshold(10_000, 10, 10)

logging.getLogger().addHandler(Faults())
guard_runtime_api()
ministack.app = guarded
sys.argv[1:] = []  # which MiniStack reads
ministack.main()
