using System.Security.Cryptography;
using CallCrm.AllInOne;
using CallCrm.CallFlow;
using CallCrm.CallFlow.Backup;
using CallCrm.CallFlow.Demo;
using CallCrm.CallFlow.Https;
using CallCrm.CallRouter;
using CallCrm.CallRouter.Doctor;
using CallCrm.CallRouter.Flight;
using CallCrm.CrmApi;
using CallCrm.CrmApi.Scripts;
using CallCrm.DemoPbx;
using CallCrm.Recorder;
using CallCrm.Recorder.Transcripts;

var isDoctor = args is ["doctor", ..];
try
{
    var readsFlight = args is ["replay" or "bundle", ..];
    var isBackup = BackupCommand.Takes(args);
    var isCertificate = CertificateCommand.Takes(args);
    var checksScripts = args is ["scripts", "check", ..];
    var builder = WebApplication.CreateBuilder(checksScripts || readsFlight || isDoctor || isBackup || isCertificate ? [] : args);
    builder.AddCallCrmDefaults([.. CrmApiModule.Sections, .. CallRouterModule.Sections, .. RecorderModule.Sections, new KnownSection(DemoAgentsOptions.Section, typeof(DemoAgentsOptions)),
        new KnownSection(DemoPbxOptions.Section, typeof(DemoPbxOptions))]);
    var configuration = builder.Configuration;
    if (checksScripts)
        return await ScriptCheck.RunAsync(args.Length > 2 ? args[2] : "scripts-library", configuration, Console.Out);
    if (readsFlight)
        return FlightCommand.Run(args, configuration, Console.Out, Console.Error);
    if (isDoctor)
        return await DoctorCommand.RunAsync(args, configuration, TimeProvider.System, Console.Out, Console.Error);
    if (isBackup)
        return await BackupCommand.RunAsync(args, configuration, TimeProvider.System, Console.In, Console.Out, Console.Error);
    if (isCertificate)
        return await CertificateCommand.RunAsync(args, configuration, TimeProvider.System, Console.Out, Console.Error);
    var demo = DemoSetup.Apply(configuration, DataFolder.From(configuration));
    // Router and CrmApi are one process here: their shared secret need not outlive it.
    if (string.IsNullOrEmpty(configuration["Router:InternalKey"]))
        configuration["Router:InternalKey"] = Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));
    // Stopping in reverse order: pages and router first, the database last. Longest: the demo's recordings.
    builder.Services.Configure<HostOptions>(o => o.ShutdownTimeout = TimeSpan.FromSeconds(15));
    builder.Services.AddCallFlow(configuration);
    builder.Services.AddOptions<DemoAgentsOptions>().Bind(configuration.GetSection(DemoAgentsOptions.Section)).ValidateOnStart();
    if (demo.Company)
        builder.Services.AddDemoData(configuration);
    if (demo.Pbx)
        builder.Services.AddDemoPbx(configuration);

    builder.Services.AddRecorder(configuration);
    builder.Services.AddCallRouter(configuration);
    builder.Services.AddCrmApi(configuration);
    if (demo.Company && configuration.GetValue("Demo:Simulate", true))
        builder.Services.AddHostedService<DemoAgents>();
    if (demo.Pbx)
        builder.Services.AddHostedService<DemoDirector>().AddHostedService<DemoSounds>();

    var app = builder.Build();
    app.MapCrmApi();
    app.MapCallCrmDefaults();
    app.MapCallRouter();
    if (demo.Company)
        app.Lifetime.ApplicationStarted.Register(() => DemoSetup.PrintSignIns(configuration, Console.Out));
    await app.RunCallCrmAsync();
    return 0;
}
catch (ConfigurationException e) when (isDoctor)
{
    return DoctorCommand.Report(e.Message, args.Contains("--json"), Console.Out);
}
catch (ConfigurationException e)
{
    await Console.Error.WriteLineAsync(e.Message);
    return 78; // EX_CONFIG of sysexits.h
}
