using CallCrm.Engine.Wire;

namespace CallCrm.Engine.Tests.Wire;

/// <summary>What another version wrote is read as far as it is known here: types and fields find each other by name.</summary>
[Trait("Category", "Slow")]
public sealed class OtherVersionTests
{
    private static readonly Guid Id = new(7, 0, 0x7000, 0x80, 0, 0, 0, 0, 0, 0, 1);

    [Fact]
    public void A_field_that_is_gone_is_passed_over_and_one_that_is_new_has_its_default()
    {
        var offered = new CallOffered(Id, Id, "pbx", "101", "PJSIP/101", Id, null, 2, 20, RouteRule.Pickup, true, false) { Seq = 5, At = DateTimeOffset.UnixEpoch, Call = Id };
        var read = (CallOffered)Read(offered, t => t.Replace(" Ring_s:", " Gone_s:", StringComparison.Ordinal))!;
        read.Should().Be(offered with { Ring_s = 0 });
    }

    [Fact]
    public void A_new_option_has_the_default_of_the_code_and_a_new_parameter_its_own()
    {
        var settings = EngineSettings.Empty("main") with
        {
            Version = 3,
            Agents = [new AgentSettings(Id, "Ada", NeedsPage: false)],
            Options = new EngineOptions { HoldTurn = TimeSpan.FromSeconds(9), PageGrace = TimeSpan.FromSeconds(8) },
        };
        var read = (EngineInput.SettingsChanged)Read(new EngineInput.SettingsChanged(settings), t => t
            .Replace(" HoldTurn:", " OldTurn:", StringComparison.Ordinal).Replace(" NeedsPage:", " OldPage:", StringComparison.Ordinal)
            .Replace(" Extensions:", " OldExtensions:", StringComparison.Ordinal))!;
        read.Settings.Options.Should().Be(settings.Options with { HoldTurn = TimeSpan.FromSeconds(20) });
        read.Settings.Agents.Should().Equal(new AgentSettings(Id, "Ada", NeedsPage: true));
        read.Settings.Extensions.IsDefault.Should().BeFalse();
        read.Settings.Version.Should().Be(3);
    }

    [Fact]
    public void A_dial_command_of_before_campaigns_is_one_for_none()
    {
        var number = new PhoneNumber("06 12", NumberKind.E164, "+390612345678");
        var asked = new EngineInput.Command(Id, Id, new AgentCommand.Dial(number, Id, "winter"));
        Read(asked, t => t).Should().Be(asked);
        Read(asked, t => t.Replace(" Campaign:", " Gone:", StringComparison.Ordinal)).Should().Be(asked with { What = new AgentCommand.Dial(number, Id) });
    }

    [Fact]
    public void A_type_that_is_gone_is_passed_over_and_what_follows_is_read()
    {
        var writer = new WireWriter();
        writer.Record(new WrapUpExtended(Id, DateTimeOffset.UnixEpoch) { Seq = 1, At = DateTimeOffset.UnixEpoch });
        writer.Record(new OfferRang(Id, Id) { Seq = 2, At = DateTimeOffset.UnixEpoch });
        var reader = new WireReader(WireFile.Of(WireFile.CurrentText.Replace("\nWrapUpExtended ", "\nSomethingOld ", StringComparison.Ordinal)));
        reader.Feed(writer.Written.ToArray());
        reader.Record().Should().BeNull();
        reader.Record().Should().Be(new OfferRang(Id, Id) { Seq = 2, At = DateTimeOffset.UnixEpoch });
    }

    [Fact]
    public void A_state_with_other_fields_still_becomes_an_engine()
    {
        var run = new ChaosRun(8);
        run.Go(steps: 200);
        var types = WireFile.CurrentText.Replace(" _models:", " _oldModels:", StringComparison.Ordinal).Replace(" Refusals:", " OldRefusals:", StringComparison.Ordinal);
        types.Should().NotBe(WireFile.CurrentText);
        var engine = EngineImage.Read(EngineImage.Of(run.Engine), WireFile.Of(types));
        engine.Snapshot().Agents.Should().Equal(run.Engine.Snapshot().Agents);
        engine.Handle(run.Inputs[^1].At, new EngineInput.PbxLists("pbx", [], [], Id)).NextDeadline.Should().NotBeNull();
    }

    [Theory]
    [InlineData("\ud800 half a pair")]
    [InlineData("Žaneta 🙂 \0 \r\n")]
    [InlineData("")]
    public void Every_text_comes_back(string text)
    {
        var e = new EngineInput.PbxSaid(new PbxEvent("pbx", "Newchannel", [new("CallerIDName", text), new("Exten", text)], DateTimeOffset.UnixEpoch.AddHours(1)));
        var read = (EngineInput.PbxSaid)Read(e, t => t)!;
        read.Event.Fields.Should().Equal(e.Event.Fields);
        (read.Event.Node, read.Event.Name, read.Event.PbxTime).Should().Be((e.Event.Node, e.Event.Name, e.Event.PbxTime));
    }

    private static object? Read(object record, Func<string, string> types)
    {
        var writer = new WireWriter();
        writer.Record(record);
        var reader = new WireReader(WireFile.Of(types(WireFile.CurrentText)));
        reader.Feed(writer.Written.ToArray());
        var read = reader.Record();
        reader.AtEnd.Should().BeTrue();
        return read;
    }
}
