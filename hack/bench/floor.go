package main

import (
	"context"
	"flag"
	"os"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/fields"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/watch"
	corev1ac "k8s.io/client-go/applyconfigurations/core/v1"
	"k8s.io/client-go/tools/cache"

	"github.com/openova-io/smtp-mirror/controller"
	"github.com/openova-io/smtp-mirror/mirror"
)

// floor is the least that a mirror can do: one informer on one object, one apply
// of the same fields per event. No queue, no decision, no reading back.
func floor(ctx context.Context) error {
	set := flag.NewFlagSet("floor", flag.ContinueOnError)
	kubeconfig := set.String("kubeconfig", "", "")
	source := set.String("source", "", "")
	target := set.String("target", "", "")
	if err := set.Parse(os.Args[2:]); err != nil {
		return err
	}
	cfg, err := controller.RESTConfig(*kubeconfig, "floor")
	if err != nil {
		return err
	}
	clients, err := controller.NewClients(cfg)
	if err != nil {
		return err
	}
	secrets := clients.Core.Secrets(namespace)
	byName := fields.OneTermEqualSelector("metadata.name", *source).String()
	informer := cache.NewTypedSharedIndexInformer[*corev1.Secret](cache.NewSharedIndexInformer(&cache.ListWatch{
		ListWithContextFunc: func(ctx context.Context, o metav1.ListOptions) (runtime.Object, error) {
			o.FieldSelector = byName
			return secrets.List(ctx, o)
		},
		WatchFuncWithContext: func(ctx context.Context, o metav1.ListOptions) (watch.Interface, error) {
			o.FieldSelector = byName
			return secrets.Watch(ctx, o)
		},
	}, &corev1.Secret{}, 0, nil))
	copyOver := func(s *corev1.Secret) {
		_, err := secrets.Apply(ctx, configuration(*target, s), metav1.ApplyOptions{FieldManager: "floor", Force: true})
		if err != nil && ctx.Err() == nil {
			panic(err)
		}
	}
	_, err = informer.AddTypedEventHandler(cache.TypedResourceEventHandlerFuncs[*corev1.Secret]{AddFunc: copyOver, UpdateFunc: func(_, s *corev1.Secret) { copyOver(s) }})
	if err != nil {
		return err
	}
	informer.RunWithContext(ctx)
	return nil
}

// configuration is the same fields as the mirror's.
func configuration(name string, s *corev1.Secret) *corev1ac.SecretApplyConfiguration {
	data := map[string][]byte{"user": s.Data["smtp-user"], "password": s.Data["smtp-pass"]}
	for key, value := range s.Data {
		data[key] = value
	}
	labels, annotations := mirror.ContractMetadata()
	annotations[mirror.AnnotationSource], annotations[mirror.AnnotationGeneration] = string(s.UID), s.ResourceVersion
	return corev1ac.Secret(name, namespace).WithType(corev1.SecretTypeOpaque).WithData(data).WithLabels(labels).WithAnnotations(annotations)
}
