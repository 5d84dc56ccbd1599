//go:build e2e && (linux || darwin)

package e2e

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// game stands for a game with the client in it: it runs the block that an .rpy
// file would, then does what the client does, at the address that the client
// builds itself. It takes the block on standard input, prints what configure()
// was told, and signs a player up by Python's urllib. What the block does with
// the engine is tested in internal/cli.
const game = `
import json, re, sys, types, urllib.request

told = {}
client = types.ModuleType("renpy_cloud")
client.configure = lambda **settings: told.update(settings)
sys.modules["renpy_cloud"] = client

engine = types.ModuleType("store")
engine.config = types.SimpleNamespace(start_callbacks=[], quit_callbacks=[])
engine.persistent = None
sys.modules["store"] = engine

# Ren'Py runs the indented lines below "init python:" as Python.
block = re.sub(r"(?m)^init python( in \w+)?:$", "if True:", sys.stdin.read())
exec(compile(block, "cloud_config.rpy", "exec"), {})
told["callbacks"] = len(engine.config.start_callbacks) + len(engine.config.quit_callbacks)

if len(sys.argv) > 1:
    body = {"ClientId": told["cognito_app_client_id"], "Username": sys.argv[1], "Password": sys.argv[2],
            "UserAttributes": [{"Name": "email", "Value": sys.argv[1]}]}
    request = urllib.request.Request(
        "https://cognito-idp.%s.amazonaws.com/" % told["aws_region"], json.dumps(body).encode(),
        {"Content-Type": "application/x-amz-json-1.1",
         "X-Amz-Target": "AWSCognitoIdentityProviderService.SignUp"}, method="POST")
    with urllib.request.urlopen(request, timeout=10) as response:
        told["sub"] = json.load(response)["UserSub"]
    for path in ("/sync/plan", "/sync/complete"):
        request = urllib.request.Request(told["api_base_url"] + path, b"{}", {"Content-Type": "application/json"})
        try:
            urllib.request.urlopen(request, timeout=10)
        except urllib.error.HTTPError as error:
            told[path] = error.code

print(json.dumps(told))
`

// TestConfigRenpy runs the printed block in a real Python.
func TestConfigRenpy(t *testing.T) {
	t.Parallel()
	s := deploy(t, "config")
	out := s.info.Outputs
	settings := map[string]any{
		"api_base_url": out.ApiEndpoint, "game_id": "our.game-2", "aws_region": "us-east-1",
		"cognito_user_pool_id": out.CognitoUserPoolId, "cognito_app_client_id": out.CognitoAppClientId,
		"timeout_seconds": 10.0, "callbacks": 2.0,
	}

	t.Run("local", func(t *testing.T) {
		r := s.run(t, "config", "renpy", "--game-id", "our.game-2").exits(t, 0)
		if !strings.Contains(r.out, "DEVELOPMENT ONLY") {
			t.Errorf("the block for this computer is not marked:\n%s", r.out)
		}
		told := python(t, r.out, "python@example.com", password)
		expectSettings(t, told, settings)
		// The sign-up arrived here and nowhere else, and so did the calls of the API.
		if r := s.run(t, "users", "list").exits(t, 0); !strings.Contains(r.out, told["sub"].(string)) {
			t.Errorf("users list does not have %s:\n%s", told["sub"], r.out)
		}
		if told["/sync/plan"] != 401.0 || told["/sync/complete"] != 401.0 {
			t.Errorf("the API answers a request without a token %v and %v", told["/sync/plan"], told["/sync/complete"])
		}
	})

	// Without --local it is the block for players: nothing is redirected.
	t.Run("for players", func(t *testing.T) {
		r := throughEndpoint(endpoint, publicAccount).run(t, "config", "renpy", "--stage", s.name, "--game-id", "our.game-2").exits(t, 0)
		if strings.Contains(r.out, "urllib") || strings.Contains(r.out, "127.0.0.1") {
			t.Errorf("the block for players redirects:\n%s", r.out)
		}
		told := python(t, r.out)
		settings["api_base_url"] = told["api_base_url"] // in the cloud's own form
		expectSettings(t, told, settings)
	})
}

// TestFirstSyncOfADevice is what the printed block relies on at a device's first
// sync, when it says that its `persistent` is of 1970.
func TestFirstSyncOfADevice(t *testing.T) {
	t.Parallel()
	s := deploy(t, "first")
	p := s.player(t)

	// The cloud has none: the first attempt is taken. An older second one is kept, and
	// gets the first back.
	first := p.device(t, time.Unix(2, 0), map[string]string{"persistent": "attempt 1"})
	first.sync(t, "persistent", "")
	first.save(t, time.Unix(1, 0), "persistent", "attempt 2")
	first.sync(t, "persistent", "persistent")
	first.holds(t, map[string]string{"persistent": "attempt 1"})

	// What was played then is newer, and a new device gets that at its first attempt.
	first.save(t, time.Now(), "persistent", "progress")
	first.sync(t, "persistent", "")
	second := p.device(t, time.Unix(2, 0), map[string]string{"persistent": "of a new game"})
	second.sync(t, "persistent", "persistent")
	second.holds(t, map[string]string{"persistent": "progress"})
}

func expectSettings(t *testing.T, told, want map[string]any) {
	t.Helper()
	for name, value := range want {
		if told[name] != value {
			t.Errorf("configure was told %s=%v, want %v", name, told[name], value)
		}
	}
}

// python runs the game with a block of configuration.
func python(t *testing.T, block string, args ...string) map[string]any {
	t.Helper()
	script := filepath.Join(t.TempDir(), "game.py")
	if err := os.WriteFile(script, []byte(game), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command("python3", append([]string{script}, args...)...)
	cmd.Stdin = strings.NewReader(block)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	answer, err := cmd.Output()
	if err != nil {
		t.Fatalf("the game failed: %v\n%s\nwith the block\n%s", err, stderr.String(), block)
	}
	var told map[string]any
	if err := json.Unmarshal(answer, &told); err != nil {
		t.Fatal(err)
	}
	return told
}
