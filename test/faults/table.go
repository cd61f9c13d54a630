package main

import (
	"slices"
	"time"

	"github.com/openova-io/smtp-mirror/internal/controlplane"
	"github.com/openova-io/smtp-mirror/internal/rig"
)

// The promises.
const (
	afterPort   = 2 * time.Second  // Stalwart's port answers again
	afterAPI    = 5 * time.Second  // the API server serves again
	afterVolume = 5 * time.Second  // the port of a Stalwart without data answers
	afterHang   = 15 * time.Second // requests that were lost give up after 12 s
	deadWatch   = 30 * time.Second // a watch, or a run, has died without a word
)

// table is every row. The order is that of the report.
func table() []row {
	return slices.Concat(apiRows(), objectRows(), mailRows(), answerRows(), accountRows(), processRows(), realRows())
}

// apiRows: the API server and its store.
func apiRows() []row {
	front := place{set: behindFront}
	return []row{
		{target: "API server", fault: "restarted", alone: true, goal: afterAPI, arm: control((*controlplane.ControlPlane).StopAPIServer), mend: startAPI, then: damage},
		{target: "API server", fault: "kill -9, 10 s away", alone: true, goal: afterAPI, arm: control((*controlplane.ControlPlane).KillAPIServer), bites: lasting(10 * time.Second), mend: startAPI, then: damage},
		{target: "etcd", fault: "stopped for 60 s", alone: true, long: true, goal: afterAPI, arm: control((*controlplane.ControlPlane).StopEtcd), bites: lasting(time.Minute), mend: startEtcd, then: damage},
		{target: "API server", fault: "every watch swallowed, then the mirror edited", place: place{set: behindLink}, goal: deadWatch, arm: all(swallow, editMirror)},
		{target: "API server", fault: "409 on every write", place: front, goal: afterAPI, arm: all(spoil(rig.Refuse(409, "Conflict", true)), damage), bites: spoiled(6), mend: spoil(nil)},
		{target: "API server", fault: "500 on every call", place: front, goal: afterAPI, arm: all(spoil(rig.Refuse(500, "InternalError", false)), damage), bites: spoiled(6), mend: spoil(nil)},
		{target: "API server", fault: "429 on every call", long: true, place: front, goal: afterAPI, arm: all(spoil(rig.Refuse(429, "TooManyRequests", false)), damage), bites: spoiled(6), mend: spoil(nil)},
		{target: "API server", fault: "no call is answered", long: true, place: front, goal: deadWatch, arm: all(spoil(rig.Silence), damage), bites: spoiled(2), mend: spoil(nil)},
	}
}

// objectRows: rights, namespaces, Secrets and the ConfigMap.
func objectRows() []row {
	return []row{
		{target: "Role", fault: "patch of the mirror taken away and given back", arm: all(take(false, "patch", "secrets", rig.MirrorSecret), editMirror), bites: troubled("mirror"), mend: giveBack},
		{target: "Role", fault: "update of the records taken away and given back", long: true, arm: all(take(true, "update", "configmaps", rig.RecordsConfigMap), blankRecords), bites: troubled(recordTarget), mend: giveBack},
		{target: "namespace", fault: "the mirror's deleted and made again", goal: afterAPI, arm: deleteNamespace, bites: troubled("mirror"), mend: createNamespace},
		{target: "mirror", fault: "deleted", goal: afterAPI, arm: deleteMirror},
		{target: "mirror", fault: "edited", goal: afterAPI, arm: editMirror},
		{target: "records", fault: "blanked", goal: afterAPI, arm: blankRecords},
		{target: "SOURCE", fault: "deleted and made again", long: true, goal: afterAPI, arm: deleteSource, bites: troubled(relayTarget), mend: createSource},
		{target: "SOURCE", fault: "another password", arm: rotate},
		{target: "admin Secret", fault: "wrong when a lost volume needs it, then right", gap: true, goal: afterAPI, arm: all(setAdmin("canary-wrong-admin-Pass"), stopMail, wipe, startMail), bites: both(troubled(relayTarget), lasting(4*time.Second)), mend: setAdmin("")},
		{target: "admin Secret", fault: "a wrong password, then the right one", goal: afterAPI, arm: setAdmin("canary-wrong-admin-Pass"), bites: both(troubled("api-key"), lasting(4*time.Second)), mend: setAdmin("")},
		{target: "API key", fault: "its Secret deleted", arm: deleteKey, sound: hasKey},
		{target: "API key", fault: "its account deleted in Stalwart", arm: all(stand(removeKey), touch), sound: hasKey},
	}
}

// processRows: the controller, names and clocks.
func processRows() []row {
	return []row{
		{target: "controller", fault: "kill -9 at random in a rotation, three times", place: place{tune: longOverlap}, arm: all(rotate, killSoon, start, killSoon, start, killSoon), mend: start},
		{target: "controller", fault: "two at work without an election, and a rotation", place: place{tune: withoutElection, set: twin}, arm: rotate},
		{target: "controller", fault: "two at work without an election, and damage", long: true, place: place{tune: withoutElection, set: twin}, goal: afterAPI, arm: damage},
		{target: "name of Stalwart", fault: "resolves to another address", place: place{needs: mountNamespace, set: named}, arm: leave, bites: troubled(relayTarget), mend: arrive, sound: provenAnew},
		{target: "clock", fault: "+1 h in a rotation (in process, pure core)", long: true, inProcess: inClock("TestClockJumpsForth")},
		{target: "clock", fault: "-1 h in a rotation (in process, pure core)", long: true, inProcess: inClock("TestClockJumpsBack")},
	}
}
