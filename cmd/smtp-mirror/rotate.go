package main

import (
	"context"
	"encoding/json"
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
	"github.com/openova-io/smtp-mirror/stalwartsync"
)

// rotate asks the controller for a new credential, with the caller's own rights.
func rotate(ctx context.Context, o *options) int {
	text, err := o.askForRotation(ctx)
	return o.print([]byte(text), err)
}

func (o *options) askForRotation(ctx context.Context) (string, error) {
	s, err := o.submission()
	if err != nil {
		return "", err
	}
	cfg, err := o.callersConfig()
	if err != nil {
		return "", fmt.Errorf("finding the cluster: %w", err)
	}
	client, err := corev1client.NewForConfig(controller.Tuned(cfg, "smtp-mirror/"+version()))
	if err != nil {
		return "", fmt.Errorf("making the client: %w", err)
	}
	namespace, asked := o.config.Stalwart.Namespace, rotation.NewRequest(time.Now().UTC().Format(time.RFC3339Nano), o.revokeNow)
	patch, err := json.Marshal(map[string]any{"metadata": map[string]any{"annotations": map[string]string{stalwartsync.AnnotationRotate: string(asked)}}})
	if err != nil {
		return "", fmt.Errorf("encoding the annotation: %w", err)
	}
	_, err = client.Secrets(namespace).Patch(ctx, s.Secret, types.MergePatchType, patch, metav1.PatchOptions{FieldManager: "smtp-mirror-rotate"})
	if err != nil {
		return "", fmt.Errorf("annotating the secret %s/%s: %w", namespace, s.Secret, err)
	}
	return fmt.Sprintf("asked for a rotation of %s: %s=%s on the secret %s/%s\n", s.Name, stalwartsync.AnnotationRotate, asked, namespace, s.Secret), nil
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
