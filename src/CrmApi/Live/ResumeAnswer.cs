using System.Text.Json;
using System.Text.Json.Serialization;
using CallCrm.Contracts;

namespace CallCrm.CrmApi.Live;

/// <summary>
/// The answer to Resume; on the wire it is its <see cref="FeedMessage"/>. SignalR writes a completion under the connection's write lock, so when this one
/// is being serialised, whatever the page's pump writes comes after it: that is the moment to let the pump run.
/// </summary>
/// <param name="Json">As much as the page's person may see.</param>
internal sealed record ResumeAnswer(FeedMessage Message, FeedConnection Page, JsonSerializerOptions Json);

internal sealed class ResumeAnswerConverter : JsonConverter<ResumeAnswer>
{
    public override ResumeAnswer Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => throw new NotSupportedException();

    public override void Write(Utf8JsonWriter writer, ResumeAnswer value, JsonSerializerOptions options)
    {
        JsonSerializer.Serialize(writer, value.Message, value.Json);
        value.Page.ResumeAnswered();
    }
}
