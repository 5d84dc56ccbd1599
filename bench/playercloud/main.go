// Command playercloud answers as AWS does to whoever looks after the players of a stage,
// dev, that has a great many: no emulator has a hundred thousand accounts, or hands them
// out at a pace. It makes each answer when it is asked for. It prints its address and
// serves until it is killed; /pace tells how many pages of accounts it was asked for in
// the fullest second.
//
// Each player has a record of some saves in one game, and all of them in the bucket. The
// first player has one save more, of a great many versions.
//
// With -bare it reads the records and lists the saves of all players of such a server, as
// a comparison has to, and prints a line of JSON: what that takes when nothing is compared.
package main

import (
	"cmp"
	"encoding/json"
	"flag"
	"fmt"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

func main() {
	s := &server{}
	flag.IntVar(&s.players, "players", 1, "how many `players` there are")
	flag.IntVar(&s.versions, "versions", 0, "how many `versions` the first player's save has")
	flag.DurationVar(&s.latency, "latency", 0, "how much `longer` each answer takes")
	bare := flag.String("bare", "", "read what is kept of all players of the server at this `URL`")
	flag.Parse()
	err := func() error {
		if *bare != "" {
			return readAll(*bare)
		}
		return serve(s)
	}()
	if err != nil {
		fmt.Fprintln(os.Stderr, "playercloud:", err)
		os.Exit(1)
	}
}

// server is a stage with its players, by their numbers.
type server struct {
	players, versions int
	latency           time.Duration

	mu    sync.Mutex
	pages []time.Time // when accounts were asked for
}

func serve(s *server) error {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", listener.Addr())
	return http.Serve(listener, s)
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/pace" {
		fmt.Fprintln(w, s.fullest())
		return
	}
	time.Sleep(s.latency)
	w.Header().Set("X-Amzn-Requestid", "playercloud") // without one the answer would not be AWS's
	w.Header().Set("X-Amz-Request-Id", "playercloud")
	_, operation, isJSON := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	switch {
	case isJSON:
		s.answerJSON(w, r, operation)
	case strings.HasPrefix(r.URL.Path, "/"+savesBucket):
		s.answerS3(w, r)
	default:
		w.Header().Set("Content-Type", "text/xml")
		if err := r.ParseForm(); err == nil && r.Form.Get("Action") == "GetCallerIdentity" {
			fmt.Fprint(w, identity)
			return
		}
		fmt.Fprint(w, stack)
	}
}

// The physical names of the stage's parts.
const (
	pool        = "us-east-1_AbCdEf123"
	table       = "renpy-cloud-dev-ManifestTable"
	savesBucket = "renpy-cloud-dev-saves"
)

// stack is CloudFormation's answer, with what renpyctl looks for in it, and identity STS's.
const (
	stack = `<DescribeStacksResponse xmlns="http://cloudformation.amazonaws.com/doc/2010-05-15/"><DescribeStacksResult><Stacks><member>` +
		`<StackName>renpy-cloud-dev</StackName><StackId>arn:aws:cloudformation:us-east-1:000000000000:stack/renpy-cloud-dev/1</StackId>` +
		`<StackStatus>CREATE_COMPLETE</StackStatus><CreationTime>2026-11-20T09:00:00Z</CreationTime>` +
		`<Tags><member><Key>renpyctl:stage</Key><Value>dev</Value></member></Tags><Outputs>` +
		`<member><OutputKey>CognitoUserPoolId</OutputKey><OutputValue>` + pool + `</OutputValue></member>` +
		`<member><OutputKey>ManifestTableName</OutputKey><OutputValue>` + table + `</OutputValue></member>` +
		`<member><OutputKey>SaveFilesBucketName</OutputKey><OutputValue>` + savesBucket + `</OutputValue></member>` +
		`</Outputs></member></Stacks></DescribeStacksResult></DescribeStacksResponse>`
	identity = `<GetCallerIdentityResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><GetCallerIdentityResult>` +
		`<Arn>arn:aws:iam::000000000000:user/sam</Arn><UserId>AIDA</UserId><Account>000000000000</Account>` +
		`</GetCallerIdentityResult></GetCallerIdentityResponse>`
)

// fullest returns how many pages of accounts were asked for in the fullest second.
func (s *server) fullest() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	most, from := 0, 0
	for i, at := range s.pages {
		for at.Sub(s.pages[from]) >= time.Second {
			from++
		}
		most = max(most, i-from+1)
	}
	return most
}

// sub is the id of a player, and number the player of an id, or of its beginning.
func sub(n int) string { return fmt.Sprintf("%08x-96e4-407f-8863-d2557cfe4dc4", n) }

func number(sub string) int {
	n, err := strconv.ParseInt(sub[:min(8, len(sub))], 16, 64)
	if err != nil {
		return -1
	}
	return int(n)
}

// answerJSON answers Cognito's and DynamoDB's calls.
func (s *server) answerJSON(w http.ResponseWriter, r *http.Request, operation string) {
	var in struct {
		Filter, PaginationToken string
		Key, ExclusiveStartKey  map[string]struct{ S string }
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	switch operation {
	case "ListUsers":
		w.Write(s.listUsers(in.Filter, in.PaginationToken))
	case "GetItem":
		fmt.Fprintf(w, `{"Item":{"revision":{"N":"7"},"record":{"S":%s}}}`, record())
	case "Scan":
		w.Write(s.scan(in.ExclusiveStartKey["user_id"].S))
	default: // Query: there is nothing of a backend before this one
		fmt.Fprint(w, `{"Items":[],"Count":0}`)
	}
}

const usersPage = 60

// listUsers is a page of the accounts, or the one of an id.
func (s *server) listUsers(filter, token string) []byte {
	s.mu.Lock()
	s.pages = append(s.pages, time.Now())
	s.mu.Unlock()
	first, _ := strconv.Atoi(token)
	end := min(first+usersPage, s.players)
	if _, id, ok := strings.Cut(filter, `sub ^= "`); ok {
		first, end = number(id), number(id)+1
	}
	page := []byte(`{"Users":[`)
	for n := first; n < end; n++ {
		if n > first {
			page = append(page, ',')
		}
		page = fmt.Appendf(page, `{"Username":"%[1]s","Enabled":true,"UserStatus":"CONFIRMED","UserCreateDate":1.7951e9,"UserLastModifiedDate":1.7951e9,`+
			`"Attributes":[{"Name":"email","Value":"player.%06[2]d@example.com"},{"Name":"email_verified","Value":"true"},{"Name":"sub","Value":"%[1]s"}]}`, sub(n), n)
	}
	page = append(page, ']')
	if end < s.players && filter == "" {
		page = fmt.Appendf(page, `,"PaginationToken":"%d"`, end)
	}
	return append(page, '}')
}

const scanPage = 1000

// scan is a page of the records' keys.
func (s *server) scan(after string) []byte {
	first := 0
	if after != "" {
		first = number(after) + 1
	}
	end := min(first+scanPage, s.players)
	page := []byte(`{"Items":[`)
	for n := first; n < end; n++ {
		if n > first {
			page = append(page, ',')
		}
		page = fmt.Appendf(page, `{"user_id":{"S":"%s"},"game_id":{"S":"*"}}`, sub(n))
	}
	page = append(page, ']')
	if end < s.players {
		page = fmt.Appendf(page, `,"LastEvaluatedKey":{"user_id":{"S":"%s"},"game_id":{"S":"*"}}`, sub(end-1))
	}
	return append(page, '}')
}

// The saves that each player has, and the id of their contents.
const (
	savesEach = 12
	contentID = "06h0fr3w0000aaaaaaaaaaaa"
	saveBytes = 7000
)

func saveName(n int) string { return fmt.Sprintf("1-%d-LT1.save", n) }

// record is a player's record, as JSON text in JSON.
var record = sync.OnceValue(func() string {
	files := map[string]any{}
	for n := range savesEach {
		files[saveName(n)] = map[string]any{
			"id": contentID, "version": "v1", "size": saveBytes, "modified_timestamp": 1795100000.5, "checksum": strings.Repeat("0a", 32),
			"committed_at": 1795100000, "revision": 3, "health": "readable", "older": strings.Repeat("abcdefgh", 8),
		}
	}
	text, err := json.Marshal(map[string]any{"format": 1, "games": map[string]any{"my_game": map[string]any{"files": files}}, "usage": map[string]any{}})
	if err != nil {
		panic(err) // numbers and texts
	}
	quoted, _ := json.Marshal(string(text)) // cannot fail
	return string(quoted)
})

// manyVersions is the first player's save of a great many versions.
const manyVersions = "2-1-LT1.save"

// answerS3 answers ListObjectVersions and GetObject.
func (s *server) answerS3(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	if !query.Has("versions") {
		w.Header().Set("Content-Length", strconv.Itoa(saveBytes))
		w.Header().Set("X-Amz-Version-Id", cmp.Or(query.Get("versionId"), "v1"))
		w.Write(make([]byte, saveBytes))
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	prefix := query.Get("prefix")
	list := listing(`<ListVersionsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`)
	if strings.HasSuffix(prefix, manyVersions+"/") {
		s.listMany(&list, prefix, query.Get("key-marker"))
	} else if user, ok := strings.CutPrefix(prefix, "users/"); ok {
		user, _, _ = strings.Cut(user, "/")
		for n := range savesEach {
			list.add("Version", "users/"+user+"/my_game/content/"+saveName(n)+"/"+contentID, true, begin)
		}
	}
	w.Write(append(list, `</ListVersionsResult>`...))
}

// begin is when the oldest version was written.
var begin = time.Date(2026, 9, 1, 0, 0, 0, 0, time.UTC)

// A listing is an answer of ListObjectVersions, up to its end.
type listing []byte

// add adds a version or a delete marker, as the kind says.
func (l *listing) add(kind, key string, latest bool, at time.Time) {
	*l = fmt.Appendf(*l, `<%[1]s><Key>%[2]s</Key><VersionId>v1</VersionId><IsLatest>%[3]t</IsLatest><LastModified>%[4]s</LastModified><Size>%[5]d</Size></%[1]s>`,
		kind, key, latest, at.Format("2006-01-02T15:04:05.000Z"), saveBytes)
}

const versionsPage = 500 // with as many delete markers

// listMany adds a page of the save of a great many versions, each under a key of its own,
// all but the last of which were replaced a minute later.
func (s *server) listMany(list *listing, prefix, after string) {
	first := 0
	if len(after) > 12 {
		first, _ = strconv.Atoi(after[len(after)-12:])
		first++
	}
	end := min(first+versionsPage, s.versions)
	key := ""
	for n := first; n < end; n++ {
		key = fmt.Sprintf("%s06h0fr3w0000%012d", prefix, n)
		at, replaced := begin.Add(time.Duration(n)*time.Minute), n < s.versions-1
		if replaced {
			list.add("DeleteMarker", key, true, at.Add(time.Minute))
		}
		list.add("Version", key, !replaced, at)
	}
	if end < s.versions {
		*list = fmt.Appendf(*list, `<IsTruncated>true</IsTruncated><NextKeyMarker>%s</NextKeyMarker><NextVersionIdMarker>v1</NextVersionIdMarker>`, key)
	}
}
