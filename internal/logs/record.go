package logs

import (
	"cmp"
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
	Reason string   // what kind of reason a function had for not serving it: "too_large"
	Cause  string   // why it was not served

	// Of a request to a function.
	Uploads, Downloads, Conflicts, LeftAlone int
	Damaged                                  int    // saves that were not taken
	LeftFile, LeftWhy                        string // the first file left alone, and why
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

// Parse tells what a line says. What it does not know is [Text].
func Parse(message string) Record {
	if !strings.HasPrefix(message, "{") {
		return parseText(message)
	}
	var l line
	if !fields(message, l.set) {
		return parseText(message)
	}
	switch {
	case l.hasTook && l.Status != 0:
		l.Kind = Request
	case l.Route != "" && len(l.IDs) > 0:
		l.Kind = Access
		l.Cause = cmp.Or(l.authError, l.integrationError, l.err) // the last one says least
		// The API has an error of its own for each answer that it makes itself.
		l.ByFunction = l.Cause == ""
	case strings.HasPrefix(l.typ, "platform."):
		fields(l.record, l.setReport)
		if l.typ != "platform.report" {
			return Record{Kind: Platform, IDs: l.IDs}
		}
		l.Kind = Report
	default:
		return Record{Level: l.Level, IDs: l.IDs}
	}
	return l.Record
}

// line is a record in the making, with what of a line tells its kind.
type line struct {
	Record
	hasTook                          bool
	authError, integrationError, err string
	typ, record                      string
}

// set takes a field of a line: of the functions' (package lambda/api), of the API's
// access log (its format is in the template), or of Lambda's own (developer guide,
// "Lambda system logs": events of the Telemetry API).
func (l *line) set(name, value string) {
	switch name {
	case "level":
		l.Level = strings.ToUpper(text(value))
	case "player", "user":
		l.Player = text(value)
	case "game":
		l.Game = text(value)
	case "request_id", "api_request_id", "requestId":
		l.addID(value)
	case "status":
		l.Status = int(number(value))
	case "took_ms":
		l.Took, l.hasTook = milliseconds(number(value)), true
	case "latencyMs":
		l.Took = milliseconds(number(value))
	case "uploads":
		l.Uploads = int(number(value))
	case "downloads":
		l.Downloads = int(number(value))
	case "conflicts":
		l.Conflicts = int(number(value))
	case "left_alone":
		l.LeftAlone = int(number(value))
	case "left_alone_files":
		fields(value, l.setLeft)
	case "damaged":
		l.Damaged = members(value)
	case "reason":
		l.Reason = text(value)
	case "cause", "refusal": // a line has one of them
		l.Cause = text(value)
	case "client_error":
		l.ClientError = text(value)
	case "route":
		l.Route = cmp.Or(text(value), "-")
	case "authError":
		l.authError = text(value)
	case "integrationError":
		l.integrationError = text(value)
	case "error":
		l.err = text(value)
	case "type":
		l.typ = text(value)
	case "record":
		l.record = value
	}
}

// setLeft takes the first of the files that were left alone.
func (l *line) setLeft(name, why string) {
	if l.LeftFile == "" {
		l.LeftFile, l.LeftWhy = text(`"`+name+`"`), text(why)
	}
}

// setReport takes a field of what Lambda tells of an invocation.
func (l *line) setReport(name, value string) {
	switch name {
	case "requestId":
		l.addID(value)
	case "status":
		l.Outcome = text(value)
	case "errorType":
		l.Cause = text(value)
	case "metrics":
		fields(value, l.setReport)
	case "durationMs":
		l.Took = milliseconds(number(value))
	case "initDurationMs":
		l.Init = milliseconds(number(value))
	}
}

func (l *line) addID(value string) {
	if id := text(value); id != "" {
		l.IDs = append(l.IDs, id)
	}
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
		r.IDs = []string{m[1]}
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
