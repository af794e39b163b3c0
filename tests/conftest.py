"""What all tests share: no property test fails because the machine is slow."""

from hypothesis import HealthCheck, settings

settings.register_profile("llmspell", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("llmspell")
