using System.Text;
using CallCrm.CrmApi.Scripts;

namespace CallCrm.CrmApi.Tests.Scripts;

/// <summary>Scripts written in tests.</summary>
internal static class ScriptText
{
    /// <summary>The least that is right under <see cref="ScriptShape.Any"/>. Line 1 is <c>id:</c>.</summary>
    public static string Minimal(string id = "demo", string conditions = "{}", string language = "en", int priority = 0) => $$"""
        id: {{id}}
        title: Demo
        language: {{language}}
        priority: {{priority}}
        for: {{conditions}}
        greeting: "Hello, this is a demo."
        steps:
          - id: first
            title: First
            say: "One."
          - id: last
            title: Last
            say: "Two."
        """;

    /// <summary>A script whose <c>steps:</c> (and what follows) are given; the first step stands on line 6.</summary>
    public static string WithSteps(string steps) => $$"""
        id: demo
        title: Demo
        language: en
        for: {}
        greeting: "Hello."
        {{steps}}
        """;

    public static ScriptReading Read(string text, ScriptShape? shape = null) =>
        ScriptReader.Read("demo.yaml", Encoding.UTF8.GetBytes(text), shape ?? ScriptShape.Any);

    public static Script Good(string text)
    {
        var reading = Read(text);
        reading.Problems.Should().BeEmpty();
        return reading.Script!;
    }

    /// <summary>One problem a line: <c>line:column message</c>.</summary>
    public static string[] Problems(string text, ScriptShape? shape = null) =>
        [.. Read(text, shape).Problems.Select(p => $"{p.At.Line}:{p.At.Column} {p.Message}")];
}
