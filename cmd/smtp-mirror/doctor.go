package main

import (
	"context"
	"flag"
	"fmt"
	"net/netip"
	"strings"

	"k8s.io/apimachinery/pkg/util/validation"

	"github.com/openova-io/smtp-mirror/controller"
	"github.com/openova-io/smtp-mirror/doctor"
)

// doctorFlags are those of doctor.
type doctorFlags struct {
	json, login bool
	outgoing    addresses
	port25      string
}

// addresses is a flag that may stand several times, or hold several.
type addresses []netip.Addr

// String is what the flag was given.
func (a *addresses) String() string { return strings.Trim(fmt.Sprint(*a), "[]") }

// Set takes one address or several.
func (a *addresses) Set(text string) error {
	for part := range strings.SplitSeq(text, ",") {
		address, err := netip.ParseAddr(strings.TrimSpace(part))
		if err != nil {
			return fmt.Errorf("%q is no IP address", part)
		}
		*a = append(*a, address.Unmap())
	}
	return nil
}

func (o *options) doctorFlags(set *flag.FlagSet) {
	set.BoolVar(&o.doctor.json, "json", false, "print JSON")
	set.BoolVar(&o.doctor.login, "login", false, "log in with the bytes of the mirrors")
	set.Var(&o.doctor.outgoing, "outgoing-ip", "`address` that mail leaves from; default: dns.outgoing, else the LoadBalancer's")
	set.StringVar(&o.doctor.port25, "port25", "", "outside mail server `HOST[:PORT]` to connect to; default: the MX of dkim.proofRecipient")
	set.StringVar(&o.serviceAccount, "service-account", "", "`NAMESPACE/NAME` whose rights are asked for; default: your own")
}

// examine asks everything that decides whether the outside accepts our mail.
func examine(ctx context.Context, o *options) int {
	if account := o.serviceAccount; account != "" && !isAccount(account) {
		_, _ = fmt.Fprintln(o.stderr, "smtp-mirror doctor: --service-account is no NAMESPACE/NAME")
		return exitUsage
	}
	names, err := newDNS(o.config.DNS)
	if err != nil {
		_, _ = fmt.Fprintf(o.stderr, "smtp-mirror doctor: %v\n", err)
		return exitUsage
	}
	look := controller.DoctorOptions{DNS: names, Outgoing: o.doctor.outgoing, Port25: o.doctor.port25, Login: o.doctor.login, Account: o.serviceAccount}
	look.Clients, look.NoAPI = o.clients()
	env := controller.Doctor(o.config, look)
	report := doctor.Run(ctx, env, doctor.Checks())
	text := []byte(report.Page(env.From))
	if o.doctor.json {
		text, err = report.JSON()
	}
	if code := o.print(text, err); code != exitOK {
		return code
	}
	return report.ExitCode()
}

// clients reach the cluster as kubectl would.
func (o *options) clients() (controller.Clients, error) {
	cfg, err := o.callersConfig()
	if err != nil {
		return controller.Clients{}, fmt.Errorf("finding the cluster: %w", err)
	}
	return controller.NewClients(controller.Tuned(cfg, "smtp-mirror/"+version()))
}

func isAccount(text string) bool {
	namespace, name, ok := strings.Cut(text, "/")
	return ok && len(validation.IsDNS1123Label(namespace))+len(validation.IsDNS1123Subdomain(name)) == 0
}
