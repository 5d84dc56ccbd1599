package logs

import (
	"bytes"
	"encoding/json"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Kind is what a line is about.
type Kind int

// The kinds of lines.
const (
	Text     Kind = iota // whatever else a function or Lambda prints
	Request              // a function has answered a request
	Access               // the API has answered a request, by a function or by itself
	Report               // Lambda's sum of one invocation
	Platform             // what else Lambda tells of an invocation: its start, its end
)

// Record is what a line says. Fields are empty where it does not say them.
type Record struct {
	Kind   Kind
	Player string // the sub
	Game   string
	Route  string // of the API: "POST /sync/plan"
	Status int    // of HTTP
	Took   time.Duration
	Level  string   // "ERROR"
	IDs    []string // ids of the request, Lambda's and the API's
	Cause  string   // why it was not served

	// Of a request to a function.
	Uploads, Downloads, Conflicts, LeftAlone int
	Damaged                                  int    // saves that were not taken
	ClientError                              string // what the game reports of its own side

	// Of a report.
	Init    time.Duration // the cold start, 0 if there was none
	Outcome string        // "success", "timeout", "error", "failure"; "" in text reports of what went well

	// ByFunction says of an access that a function answered, so that its own log has the request.
	ByFunction bool
}

// Failed tells whether a line is about something that went wrong.
func (r Record) Failed() bool {
	switch r.Kind {
	case Request, Access:
		return r.Status >= 400
	case Report:
		return r.Outcome != "" && r.Outcome != "success"
	case Platform:
		return false
	}
	return r.Level == "ERROR" || r.Level == "WARN" || r.Level == "FATAL"
}

// line is the union of what JSON lines hold: those of the functions (package
// lambda/api), of the API's access log (the format in the template) and of Lambda
// (developer guide, "Lambda system logs": Telemetry API events).
type line struct {
	Msg         string          `json:"msg"`
	Message     string          `json:"message"`
	Level       string          `json:"level"`
	ErrorType   string          `json:"errorType"`
	Player      string          `json:"player"`
	Game        string          `json:"game"`
	RequestID   string          `json:"request_id"`
	APIID       string          `json:"api_request_id"`
	Status      number          `json:"status"`
	TookMS      *number         `json:"took_ms"`
	Uploads     int             `json:"uploads"`
	Downloads   int             `json:"downloads"`
	Conflicts   int             `json:"conflicts"`
	LeftAlone   int             `json:"left_alone"`
	Damaged     json.RawMessage `json:"damaged"`
	Cause       string          `json:"cause"`
	ClientError string          `json:"client_error"`

	AccessID         string `json:"requestId"`
	User             string `json:"user"`
	Route            string `json:"route"`
	LatencyMS        number `json:"latencyMs"`
	AuthError        string `json:"authError"`
	Error            string `json:"error"`
	IntegrationError string `json:"integrationError"`

	Type   string `json:"type"`
	Record struct {
		RequestID string `json:"requestId"`
		Status    string `json:"status"`
		ErrorType string `json:"errorType"`
		Metrics   struct {
			DurationMS     float64 `json:"durationMs"`
			InitDurationMS float64 `json:"initDurationMs"`
		} `json:"metrics"`
	} `json:"record"`
}

// number is a number that may come as text, as all of API Gateway's do; "-" is 0.
type number float64

func (n *number) UnmarshalJSON(text []byte) error {
	f, err := strconv.ParseFloat(string(bytes.Trim(text, `"`)), 64)
	if err == nil {
		*n = number(f)
	}
	return nil
}

// Parse tells what a line says. What it does not know is [Text].
func Parse(message string) Record {
	if !strings.HasPrefix(message, "{") {
		return parseText(message)
	}
	var l line
	if json.Unmarshal([]byte(message), &l) != nil {
		return parseText(message)
	}
	switch {
	case l.TookMS != nil && l.Status != 0:
		return l.request()
	case l.Route != "" && l.AccessID != "":
		return l.access()
	case strings.HasPrefix(l.Type, "platform."):
		return l.platform()
	}
	return Record{Level: strings.ToUpper(l.Level), IDs: ids(l.RequestID, l.AccessID)}
}

func (l line) request() Record {
	var damaged []json.RawMessage
	if l.Damaged != nil && json.Unmarshal(l.Damaged, &damaged) != nil {
		damaged = []json.RawMessage{l.Damaged}
	}
	return Record{
		Kind: Request, Player: l.Player, Game: l.Game, Status: int(l.Status), Took: milliseconds(float64(*l.TookMS)), Level: l.Level,
		IDs: ids(l.RequestID, l.APIID), Cause: l.Cause,
		Uploads: l.Uploads, Downloads: l.Downloads, Conflicts: l.Conflicts, LeftAlone: l.LeftAlone, Damaged: len(damaged), ClientError: l.ClientError,
	}
}

func (l line) access() Record {
	r := Record{
		Kind: Access, Route: l.Route, Status: int(l.Status), Took: milliseconds(float64(l.LatencyMS)), IDs: ids(l.AccessID),
	}
	for _, cause := range []string{l.Error, l.IntegrationError, l.AuthError} { // the last one says most
		if cause != "" && cause != "-" {
			r.Cause = cause
		}
	}
	if l.User != "-" {
		r.Player = l.User
	}
	// The API has an error of its own for each answer that it makes itself.
	r.ByFunction = r.Cause == ""
	return r
}

func (l line) platform() Record {
	r := Record{Kind: Platform, IDs: ids(l.Record.RequestID)}
	if l.Type == "platform.report" {
		r.Kind, r.Outcome, r.Cause = Report, l.Record.Status, l.Record.ErrorType
		r.Took, r.Init = milliseconds(l.Record.Metrics.DurationMS), milliseconds(l.Record.Metrics.InitDurationMS)
	}
	return r
}

var (
	platformText = regexp.MustCompile(`^(START|END|REPORT|INIT_START|INIT_REPORT|EXTENSION|TELEMETRY)\b`)
	requestText  = regexp.MustCompile(`RequestId: ([0-9a-f-]{36})`)
	measureText  = regexp.MustCompile(`\t(Duration|Init Duration|Status|Error Type): ([^\t\n]+)`)
	timeoutText  = regexp.MustCompile(`^\S+ [0-9a-f-]{36} Task timed out`)
	troubleText  = regexp.MustCompile(`(?i)\b(error|panic|fatal|timed out)\b`)
)

// parseText reads a line that is no JSON: Lambda's own in the text format, or anything.
func parseText(message string) Record {
	var r Record
	if m := requestText.FindStringSubmatch(message); m != nil {
		r.IDs = ids(m[1])
	}
	m := platformText.FindString(message)
	switch {
	case m == "REPORT":
		r.Kind = Report
		for _, measure := range measureText.FindAllStringSubmatch(message, -1) {
			switch measure[1] {
			case "Duration":
				r.Took = textDuration(measure[2])
			case "Init Duration":
				r.Init = textDuration(measure[2])
			case "Status":
				r.Outcome = measure[2]
			case "Error Type":
				r.Cause = measure[2]
			}
		}
	case m != "":
		r.Kind = Platform
	case timeoutText.MatchString(message) || troubleText.MatchString(message):
		r.Level = "ERROR"
	}
	return r
}

// textDuration reads "12.34 ms".
func textDuration(text string) time.Duration {
	ms, _ := strconv.ParseFloat(strings.TrimSuffix(strings.TrimSpace(text), " ms"), 64)
	return milliseconds(ms)
}

func milliseconds(ms float64) time.Duration { return time.Duration(ms * float64(time.Millisecond)) }

func ids(list ...string) []string {
	var some []string
	for _, id := range list {
		if id != "" && id != "-" {
			some = append(some, id)
		}
	}
	return some
}
