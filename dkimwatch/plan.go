package dkimwatch

import (
	corev1 "k8s.io/api/core/v1"

	"github.com/openova-io/smtp-mirror/dnsrecords"
)

// FieldManager is who updates the ConfigMap, in its managed fields.
const FieldManager = "smtp-mirror"

// Edit puts our part into a copy of the ConfigMap and names the keys that
// change. What is equal stays the same object to the byte.
func Edit(observed *corev1.ConfigMap, domain string, d Desired) (*corev1.ConfigMap, []string, error) {
	records, err := dnsrecords.EditRecords(observed.Data[dnsrecords.RecordsKey], domain, d.DKIM, d.Keys)
	if err == nil {
		records, err = dnsrecords.EditZone(records, d.Records)
	}
	if err != nil {
		return nil, nil, err
	}
	readme := dnsrecords.EditReadmeZone(dnsrecords.EditReadme(observed.Data[dnsrecords.ReadmeKey], d.Keys), d.Page)
	edited := observed.DeepCopy()
	if edited.Data == nil {
		edited.Data = map[string]string{}
	}
	want := map[string]string{dnsrecords.RecordsKey: records, dnsrecords.ReadmeKey: readme}
	var changed []string
	for _, key := range []string{dnsrecords.RecordsKey, dnsrecords.ReadmeKey} {
		if edited.Data[key] != want[key] {
			edited.Data[key] = want[key]
			changed = append(changed, key)
		}
	}
	return edited, changed, nil
}
