package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	corev1client "k8s.io/client-go/kubernetes/typed/core/v1"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"

	"github.com/openova-io/smtp-mirror/config"
	"github.com/openova-io/smtp-mirror/controller"
	"github.com/openova-io/smtp-mirror/rotation"
)

// rotate asks the controller for a new credential, with the caller's own rights.
func rotate(ctx context.Context, o *options) int {
	text, err := o.askForRotation(ctx)
	return o.print([]byte(text), err)
}

// rotateKeys asks the controller for new DKIM keys, in the same way.
func rotateKeys(ctx context.Context, o *options) int {
	text, err := o.askForKeys(ctx)
	return o.print([]byte(text), err)
}

func (o *options) askForKeys(ctx context.Context) (string, error) {
	switch {
	case !o.now:
		return "", errors.New("dkim rotate asks for new keys at once: say --now")
	case o.config.DKIM.Manage != config.ManageRotate:
		return "", errors.New("dkim.manage is " + o.config.DKIM.Manage + ": the controller makes no keys")
	}
	client, asked, patch, err := o.request()
	if err != nil {
		return "", err
	}
	r := o.config.DNSRecords
	_, err = client.ConfigMaps(r.Namespace).Patch(ctx, r.Name, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: "smtp-mirror-rotate"})
	if err != nil {
		return "", fmt.Errorf("annotating the configmap %s/%s: %w", r.Namespace, r.Name, err)
	}
	return fmt.Sprintf("asked for new DKIM keys: %s=%s on the configmap %s/%s\n", rotation.Annotation, asked, r.Namespace, r.Name), nil
}

// request is a new request as a patch, and the client to send it with.
func (o *options) request() (*corev1client.CoreV1Client, rotation.Request, []byte, error) {
	cfg, err := o.callersConfig()
	if err != nil {
		return nil, "", nil, fmt.Errorf("finding the cluster: %w", err)
	}
	client, err := corev1client.NewForConfig(controller.Tuned(cfg, "smtp-mirror/"+version()))
	if err != nil {
		return nil, "", nil, fmt.Errorf("making the client: %w", err)
	}
	asked := rotation.NewRequest(time.Now().UTC().Format(time.RFC3339Nano), o.revokeNow)
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{rotation.Annotation: string(asked)}}})
	return client, asked, patch, err
}

func (o *options) askForRotation(ctx context.Context) (string, error) {
	s, err := o.submission()
	if err != nil {
		return "", err
	}
	client, asked, patch, err := o.request()
	if err != nil {
		return "", err
	}
	namespace := o.config.Stalwart.Namespace
	_, err = client.Secrets(namespace).Patch(ctx, s.Secret, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: "smtp-mirror-rotate"})
	if err != nil {
		return "", fmt.Errorf("annotating the secret %s/%s: %w", namespace, s.Secret, err)
	}
	return fmt.Sprintf("asked for a rotation of %s: %s=%s on the secret %s/%s\n", s.Name, rotation.Annotation, asked, namespace, s.Secret), nil
}

// submission is the one that is named, or the only one.
func (o *options) submission() (config.Submission, error) {
	all := o.config.Submissions
	var names []string
	for _, s := range all {
		names = append(names, s.Name)
	}
	i := slices.Index(names, o.argument)
	if o.argument == "" && len(all) == 1 {
		i = 0
	}
	if i < 0 {
		return config.Submission{}, fmt.Errorf("which submission? There are: %s", strings.Join(names, ", "))
	}
	if s := all[i]; s.Credentials == config.CredentialsSource && !s.Rotation.WriteSource {
		return s, fmt.Errorf("the SOURCE of %s is yours to change: write a new smtp-pass into the secret %s/%s, or permit it with rotation.writeSource", s.Name, o.config.Stalwart.Namespace, s.Secret)
	}
	return all[i], nil
}

// callersConfig is what kubectl would use, or the file that is named.
func (o *options) callersConfig() (*rest.Config, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = o.kubeconfig
	return clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, nil).ClientConfig()
}
