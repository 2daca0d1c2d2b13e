import CrashScenarios
import DaemonHarness
import Testing
