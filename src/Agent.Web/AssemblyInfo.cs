// The assembly's name is not its namespace: resources are found by this.
[assembly: Microsoft.Extensions.Localization.RootNamespace("CallCrm.AgentWeb")]
