package cost

// Plan is a month of a stage that may come. Its player plays as the shipped client
// makes them: one sync when the game starts, one when it ends.
type Plan struct {
	Players   int64   // active in the month
	SaveBytes int64   // of one save
	Sessions  float64 // of a player in the month
	Saves     float64 // that change in a session
	Days      float64 // for which old versions are kept
	Tier      string  // the user pool's feature plan
}

// What a session takes of the backend, as TestWhatAPlayerCosts of package savesync
// counts it call by call: 2 plans, and 1.1 completes, since in one session of ten
// the first sync has something to do as well. A record of three saves and their
// history is 4.6 KB.
const (
	plansPerSession     = 2
	completesPerSession = 1.1
	downloadsPerSession = 0.25
	listsPerSession     = 0.25
	looksPerSession     = 0.3
	readsPerSession     = 5.25 // units
	writesPerSession    = 13.4 // units

	planSeconds     = 0.030
	completeSeconds = 0.030
	secondsPerByte  = 0.030 / 200_000 // of a save that is read, with a seventh of a processor
	memoryGB        = 0.25            // of the functions, in the template
	recordBytes     = 4600
	bytesPerRequest = 900 // of logs: the function's line and the API's

	monthDays = 30
)

// Usage is what the month uses once the oldest versions expire as new ones come.
func (p Plan) Usage() Usage {
	players := float64(p.Players)
	sessions := players * p.Sessions
	plans, completes := sessions*plansPerSession, sessions*completesPerSession
	uploads := sessions * p.Saves
	seconds := plans*planSeconds + completes*completeSeconds + uploads*float64(p.SaveBytes)*secondsPerByte
	current := min(players*p.Saves, uploads*p.Days/monthDays) * float64(p.SaveBytes)
	kept := uploads * p.Days / monthDays * float64(p.SaveBytes)
	amounts := map[Item]float64{
		Requests:      plans + completes,
		Invocations:   plans + completes,
		GBSeconds:     seconds * memoryGB,
		ReadUnits:     sessions * readsPerSession,
		WriteUnits:    sessions * writesPerSession,
		TableGB:       GB(players * recordBytes),
		BackupGB:      GB(players * recordBytes),
		CurrentGB:     GB(current),
		OlderGB:       GB(kept - current),
		S3Writes:      2*uploads + sessions*listsPerSession, // each is put, and copied to its place
		S3Reads:       uploads + sessions*(looksPerSession+downloadsPerSession),
		OutGB:         GB(sessions * downloadsPerSession * float64(p.SaveBytes)),
		LogGB:         GB((plans + completes) * bytesPerRequest),
		ActivePlayers: players,
	}
	u := Usage{}
	for item, v := range amounts {
		u[item] = Amount{v, Estimated}
	}
	return u
}

// s3Writes estimates the requests to S3 that cost as a PUT, from the number of syncs
// that were completed: S3 counts none for nothing.
func s3Writes(completes float64) float64 {
	return completes / completesPerSession * (2*usualSaves + listsPerSession)
}

// s3Reads estimates the requests to S3 that cost as a GET, as [s3Writes] does.
func s3Reads(completes float64) float64 {
	return completes / completesPerSession * (usualSaves + looksPerSession + downloadsPerSession)
}

// usualSaves change in a session of the model: two slots and persistent.
const usualSaves = 3

// Usual is the plan for players of which nothing else is known.
func Usual(players int64) Plan {
	return Plan{Players: players, SaveBytes: 200_000, Sessions: 40, Saves: usualSaves, Days: 90, Tier: "LITE"}
}
