package controlplane

import (
	"context"
	"fmt"

	authenticationv1 "k8s.io/api/authentication/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/client-go/tools/clientcmd/api"
)

// Kubeconfig is cfg in the form that kubectl and other programs read. It
// holds the credentials.
func (c *ControlPlane) Kubeconfig(cfg *rest.Config) ([]byte, error) {
	const name = "controlplane"
	k := api.NewConfig()
	k.Clusters[name] = &api.Cluster{Server: cfg.Host, CertificateAuthorityData: cfg.CAData}
	k.AuthInfos[name] = &api.AuthInfo{
		ClientCertificateData: cfg.CertData,
		ClientKeyData:         cfg.KeyData,
		Token:                 cfg.BearerToken,
	}
	k.Contexts[name] = &api.Context{Cluster: name, AuthInfo: name}
	k.CurrentContext = name
	out, err := clientcmd.Write(*k)
	if err != nil {
		return nil, fmt.Errorf("encode a kubeconfig: %w", err)
	}
	return out, nil
}

// WriteKubeconfig writes cfg to a file that only its owner may read.
func (c *ControlPlane) WriteKubeconfig(path string, cfg *rest.Config) error {
	content, err := c.Kubeconfig(cfg)
	if err != nil {
		return err
	}
	return writeFile(path, content)
}

// ServiceAccount is the configuration of a service account with a token like
// the ones that Pods get. Namespace and account are created when absent; the
// account has no rights but those that the test binds to it.
func (c *ControlPlane) ServiceAccount(ctx context.Context, namespace, name string) (*rest.Config, error) {
	admin, client, err := oneShot(c.admin)
	if err != nil {
		return nil, err
	}
	defer client.CloseIdleConnections()
	clientset, err := kubernetes.NewForConfigAndClient(admin, client)
	if err != nil {
		return nil, fmt.Errorf("make a client: %w", err)
	}
	if err := createAccount(ctx, clientset, namespace, name); err != nil {
		return nil, err
	}
	request := &authenticationv1.TokenRequest{}
	answer, err := clientset.CoreV1().ServiceAccounts(namespace).
		CreateToken(ctx, name, request, metav1.CreateOptions{})
	if err != nil {
		return nil, fmt.Errorf("request a token of %s/%s: %w", namespace, name, err)
	}
	return &rest.Config{
		Host:            c.admin.Host,
		QPS:             c.admin.QPS,
		BearerToken:     answer.Status.Token,
		TLSClientConfig: rest.TLSClientConfig{CAData: c.admin.CAData},
	}, nil
}

func createAccount(ctx context.Context, clientset kubernetes.Interface, namespace, name string) error {
	ns := &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: namespace}}
	_, err := clientset.CoreV1().Namespaces().Create(ctx, ns, metav1.CreateOptions{})
	if existing(err) != nil {
		return fmt.Errorf("create namespace %s: %w", namespace, err)
	}
	account := &corev1.ServiceAccount{ObjectMeta: metav1.ObjectMeta{Name: name}}
	_, err = clientset.CoreV1().ServiceAccounts(namespace).Create(ctx, account, metav1.CreateOptions{})
	if existing(err) != nil {
		return fmt.Errorf("create service account %s/%s: %w", namespace, name, err)
	}
	return nil
}
