"""How the product is installed where nobody has a checkout: a container image, a compose file, units of systemd.

Data only. The Helm chart is in infrastructure/helm-charts/flowmart; docs/install.md leads through all of them.
"""
