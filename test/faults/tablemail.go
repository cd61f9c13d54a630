package main

import (
	"syscall"
	"time"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/internal/stalwarttest"
)

// mailRows: Stalwart's process, its volume and what it is.
func mailRows() []row {
	lite := place{version: "lite"}
	pod := place{pods: true, set: podReady}
	return []row{
		{target: "Stalwart", fault: "stopped and started", goal: afterPort, arm: stopMail, bites: troubled(relayTarget), mend: startMail, sound: provenAnew},
		{target: "Stalwart 0.15", fault: "stopped and started", long: true, place: lite, goal: afterPort, arm: stopMail, bites: troubled(relayTarget), mend: startMail, sound: provenAnew},
		{target: "Stalwart", fault: "restarted at once", long: true, goal: afterPort, arm: stand(restart), sound: provenAnew},
		{target: "Stalwart's Pod", fault: "container restarted", long: true, place: pod, goal: afterPort, mend: restartContainer, sound: provenAnew},
		{target: "Stalwart's Pod", fault: "container restarted on an empty volume", place: pod, gap: true, goal: afterVolume, arm: wipe, mend: restartContainer, sound: provenAnew},
		{target: "Stalwart", fault: "volume lost", gap: true, goal: afterVolume, arm: all(stopMail, wipe), bites: troubled(relayTarget), mend: startMail, sound: has},
		{target: "Stalwart 0.15", fault: "volume lost", long: true, place: lite, gap: true, goal: afterVolume, arm: all(stopMail, wipe), bites: troubled(relayTarget), mend: all(startMail, makeKey), sound: has},
		{target: "Stalwart", fault: "0.16 replaced by 0.15 at the same address", gap: true, goal: afterVolume, arm: become("lite"), sound: has},
		{target: "Stalwart 0.15", fault: "0.15 replaced by 0.16 at the same address", long: true, place: lite, gap: true, goal: afterVolume, arm: become("0.16.18"), sound: has},
		{target: "Stalwart", fault: "config.json lost: bootstrap mode", long: true, goal: afterPort, arm: stand(mode("bootstrap")), bites: troubled(relayTarget), mend: stand(mode("")), sound: provenAnew},
		{target: "Stalwart", fault: "listener gone after a restart", place: place{pods: true, standIn: withoutListener, tune: restartable, set: podReady}, arm: all(destroyListener, restartContainer), sound: provenAnew},
	}
}

// answerRows: Stalwart is there and answers badly.
func answerRows() []row {
	answers := func(fault string, f stalwarttest.Fault) row {
		return row{target: "Stalwart", fault: fault, goal: afterPort, arm: wrong(f), bites: troubled(relayTarget), mend: heal}
	}
	short := func(fault string, f stalwarttest.Fault) row {
		return row{target: "Stalwart", fault: fault, gap: true, arm: all(arm(f), stand(removeAccount), touch), sound: has}
	}
	full := answers("no write possible (modelled: every write refused), rotation", stalwarttest.Fault{Kind: stalwarttest.LoseRace})
	full.arm = all(full.arm, rotate)
	reload := row{target: "Stalwart", fault: "settings cannot be reloaded", place: place{tune: allowed}, arm: all(arm(stalwarttest.Fault{Kind: stalwarttest.ReloadFails, Times: -1}), disallow, touch), bites: troubled(relayTarget), mend: heal}
	late := row{target: "Stalwart", fault: "every answer 1 s late, account deleted", place: place{set: behindSlowLink}, gap: true, arm: all(slow(time.Second), stand(removeAccount), touch), sound: has}
	hang := answers("hangs", stalwarttest.Fault{Kind: stalwarttest.Hang})
	hang.goal = afterHang
	rows := []row{
		hang,
		answers("answers with a web page", stalwarttest.Fault{Kind: stalwarttest.HTML}),
		answers("answers with 64 MiB", stalwarttest.Fault{Kind: stalwarttest.HugeJSON}),
		answers("answers 503", stalwarttest.Fault{Kind: stalwarttest.ServerError}),
		answers("resets connections", stalwarttest.Fault{Kind: stalwarttest.DropConnection}),
		answers("closes the connection at AUTH", stalwarttest.Fault{Kind: stalwarttest.SMTPDrop}),
		short("writes are answered and not stored", stalwarttest.Fault{Kind: stalwarttest.DropWrite}),
		short("writes are stored and not answered", stalwarttest.Fault{Kind: stalwarttest.DropAnswer, Method: "x:Account/set"}),
		full,
	}
	more := []row{
		late, reload,
		answers("answers with half an object", stalwarttest.Fault{Kind: stalwarttest.TruncatedJSON}),
		answers("answers 429", stalwarttest.Fault{Kind: stalwarttest.ServerError, Status: 429}),
		answers("redirects", stalwarttest.Fault{Kind: stalwarttest.Redirect, Location: "http://127.0.0.1:9/"}),
		answers("answers AUTH with 454", stalwarttest.Fault{Kind: stalwarttest.SMTPTemporary}),
		short("writes lose a race, three times", stalwarttest.Fault{Kind: stalwarttest.LoseRace, Times: 3}),
	}
	for i := range more {
		more[i].long = true
	}
	return append(rows, more...)
}

// accountRows: somebody changes what we need, behind our back. A consumer is refused,
// which Stalwart reports to the webhook.
func accountRows() []row {
	hooked := place{tune: withWebhook, set: webhookKey}
	return []row{
		{target: "account", fault: "password changed behind our back", place: hooked, gap: true, arm: stand(setPassword), sound: provenAnew},
		{target: "account", fault: "deleted", place: hooked, gap: true, arm: stand(removeAccount), sound: has},
		{target: "account", fault: "permission to send taken away", long: true, place: hooked, gap: true, arm: all(stand(takePermission), touch)},
		{target: "Stalwart", fault: "default domain lost", arm: all(loseDefaultDomain, touch), sound: ownDomain},
	}
}

// realRows need a real Stalwart.
func realRows() []row {
	real := place{real: true}
	limited := place{real: true, mail: surviveLimit}
	return []row{
		{target: "real Stalwart", fault: "kill -9", place: real, goal: afterPort, arm: kill9, bites: troubled(relayTarget), mend: startMail, sound: provenAnew},
		{target: "real Stalwart", fault: "hangs (SIGSTOP)", long: true, place: real, goal: afterHang, arm: all(send(syscall.SIGSTOP), touch), bites: troubled(relayTarget), mend: send(syscall.SIGCONT)},
		{target: "real Stalwart", fault: "volume lost", long: true, place: real, gap: true, goal: afterVolume, arm: wipe, bites: troubled(relayTarget), mend: all(startMail, makeKey), sound: provenAnew},
		{target: "real Stalwart", fault: "file-size limit reached, rotation", long: true, place: limited, arm: all(fileSize(1), rotate), bites: troubled(relayTarget), mend: fileSize(1 << 40)},
	}
}

const hookKey = "canary-key-of-the-webhook-Pa55"

func withWebhook(c *config.Config) {
	c.Webhook.Enabled, c.Webhook.URL = true, "http://"+c.HTTP.Address+"/webhook/stalwart"
}

// allowed lists the network that Stalwart must not ban: it takes a reload.
func allowed(c *config.Config) { c.Stalwart.AllowedIPs = []string{"127.0.0.0/8"} }
